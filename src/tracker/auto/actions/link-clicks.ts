/** Tells of a click on a link whether it is worth an event: a download, or a way to another host. */
import type { Track } from "../../options.ts";
import { clipText } from "../clip-text.ts";

/** Endings that make a link a download unless the page names others. */
export const FILE_EXTENSIONS: readonly string[] = (
  "7z,apk,avi,bz2,csv,deb,dmg,doc,docx,epub,exe,flac,gpx,gz,iso,jar,key,m4a,mkv,mov,mp3,mp4,mpeg,msi,odp,ods,odt," +
  "ogg,pdf,pkg,pps,ppt,pptx,rar,rpm,rtf,tar,tgz,txt,wav,webm,wma,wmv,xls,xlsx,xz,zip"
).split(",");

/**
 * Returns the event of a click on a link, or undefined where there is none: `download` with `href` and `extension` for a
 * file of any host, else `link_click` with `href` and `text` (at most 64 characters) for another host. `href` is scheme,
 * host and path. Mailto, tel, blob and javascript links are none.
 */
export function describeLinkClick(
  link: HTMLAnchorElement,
  extensions: readonly string[],
): Required<Parameters<Track>> | undefined {
  if (!/^http/.test(link.protocol)) return undefined;
  const href = (link.origin + link.pathname).slice(0, 2048);
  // The name that the link gives the file comes first: its address may be that of a program.
  const extension = [link.download, link.pathname]
    .map((name) => /\.(\w+)$/.exec(name)?.[1]?.toLowerCase())
    .find((ending) => ending !== undefined && extensions.includes(ending));
  if (extension !== undefined) return ["download", { href, extension }];
  if (link.host === location.host) return undefined;
  return ["link_click", { href, text: clipText(link.textContent, 64) }];
}
