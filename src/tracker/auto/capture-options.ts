/** What a page may tell automatic capture: the same names as options of `capture` and as attributes of the script tag. */

/** All are on by default; `false` turns one off. */
export type CaptureOptions = {
  /** `link_click`: clicks on links to another host. */
  readonly linkClick?: boolean | undefined;
  /** `download`: clicks on links to files. A list of endings, such as `["pdf", "gpx"]`, takes the place of the usual ones. */
  readonly download?: boolean | readonly string[] | undefined;
  /** `form_submit`: forms that are sent, by their id or name. */
  readonly formSubmit?: boolean | undefined;
  /** `scroll_depth`: 25, 50, 75 and 90 percent of a page seen. */
  readonly scrollDepth?: boolean | undefined;
  /** `engagement`: time in front of the visitor. */
  readonly engagement?: boolean | undefined;
  /** `search`: terms of the site's own search. A list of parameters of the query takes the place of the usual ones. */
  readonly search?: boolean | readonly string[] | undefined;
  /** `not_found`: missing pages. `true` says that this page is one; left out: the page is looked at. */
  readonly notFound?: boolean | undefined;
  /** Events declared by `data-passerby-event`. */
  readonly declared?: boolean | undefined;
};

/**
 * Reads options from the `data-*` attributes of a script tag: `off` or `false` turn off, nothing or `on` turn on, anything
 * else is a list with commas.
 */
export function readCaptureOptions(data: Readonly<Record<string, string | undefined>>): CaptureOptions {
  const readSwitch = (name: keyof CaptureOptions): boolean | undefined => {
    const text = data[name];
    return text === undefined ? undefined : !/^(off|false)$/.test(text);
  };
  const readList = (name: keyof CaptureOptions): boolean | readonly string[] | undefined => {
    const text = data[name] ?? "";
    return /^(on|true|off|false|)$/.test(text) ? readSwitch(name) : text.split(/[\s,]+/).filter(Boolean);
  };
  return {
    linkClick: readSwitch("linkClick"),
    download: readList("download"),
    formSubmit: readSwitch("formSubmit"),
    scrollDepth: readSwitch("scrollDepth"),
    engagement: readSwitch("engagement"),
    search: readList("search"),
    notFound: readSwitch("notFound"),
    declared: readSwitch("declared"),
  };
}
