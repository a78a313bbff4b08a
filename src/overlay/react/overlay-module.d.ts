/** What the published overlay offers to components. */
declare module "passerby-tracker/overlay" {
  /** Defines `<passerby-badge>` and `<passerby-panel>` on this page, once. */
  export function defineOverlay(): void;
}
