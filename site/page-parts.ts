/** Puts the parts that pages share into them as they are built: `<!-- part: footer -->`, `<!-- map -->`, `<!-- sketch: saddle -->`. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { drawHarrowFell, drawSketch } from "./map-drawing.ts";

/** Makes the plugin. A part that does not exist fails the build. */
export function pageParts(): Plugin {
  return {
    name: "page-parts",
    transformIndexHtml: {
      order: "pre",
      handler: (html, { path }) => markPresentPage(fillIn(html), path.replace(/index\.html$/, "")),
    },
  };
}

function fillIn(html: string): string {
  return html.replace(/<!-- (part|map|sketch)(?:: ([a-z-]+))? -->/g, (_comment, kind: string, name = "") => {
    if (kind === "map") return drawHarrowFell();
    if (kind === "part") return readFileSync(fileURLToPath(new URL(`parts/${name}.html`, import.meta.url)), "utf8");
    const sketch = drawSketch(name);
    if (!sketch) throw new Error(`there is no sketch called ${name}`);
    return sketch;
  });
}

/** Marks links to this page, and in the navigation those to its section, for readers who cannot see the design. */
function markPresentPage(html: string, path: string): string {
  return html.replace(/<a href="([^"]+)" data-nav/g, (link, href: string) => {
    if (href === path) return `${link} aria-current="page"`;
    return path.startsWith(href) && href !== "/" ? `${link} aria-current="true"` : link;
  });
}
