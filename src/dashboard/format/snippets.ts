/** The code that puts the tracker on a site. */

/** Returns the script tag; the address is that of this server. */
export function scriptSnippet(baseUrl: string, site: string): string {
  return `<script defer src="${baseUrl}/passerby-full.js" data-site="${site}"></script>`;
}

/** Returns the lines for a site that is built with npm. */
export function packageSnippet(baseUrl: string, site: string): string {
  return `import { start } from "passerby-tracker";\n\nstart({\n  apiBaseUrl: "${baseUrl}",\n  site: "${site}",\n});`;
}
