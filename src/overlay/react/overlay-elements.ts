/** The overlay's elements as components. */
import { createElement, type ReactElement, useEffect } from "react";

export type OverlayProps = {
  readonly className?: string;
  readonly id?: string;
};

/** Shows how many events came and which is the most frequent, as `<passerby-badge>`. Give it to `<PrivilegedOnly>`. */
export function MetricsBadge(props: OverlayProps): ReactElement {
  useOverlay();
  return createElement("passerby-badge", toAttributes(props));
}

/** Shows what this page sends and what became of it, as `<passerby-panel>`. Give it to `<PrivilegedOnly>`. */
export function MetricsDebugPanel(props: OverlayProps): ReactElement {
  useOverlay();
  return createElement("passerby-panel", toAttributes(props));
}

/** Loads the overlay's code when the component is first shown; until then, and if it fails, the element is empty. */
function useOverlay(): void {
  useEffect(() => {
    import("passerby-tracker/overlay").then(({ defineOverlay }) => defineOverlay()).catch(() => {});
  }, []);
}

/** React before 19 hands a custom element its attributes by their own names only. */
function toAttributes({ className, id }: OverlayProps): Readonly<Record<string, string | undefined>> {
  return { class: className, id };
}
