/**
 * React's way to the tracker and the overlay, `passerby-tracker/react`. It promises what the tracker promises, renders
 * nothing of the overlay on a server, and loads the overlay's code only where one of its elements is shown.
 *
 * The tracker and the overlay are imported by their published names, so that a page has each of them once.
 */
"use client";

export { type AutoBeaconsOptions, useAutoBeacons } from "./auto-beacons.ts";
export { MetricsBadge, MetricsDebugPanel, type OverlayProps } from "./overlay-elements.ts";
export { PrivilegedOnly, type PrivilegedOnlyProps } from "./privileged-only.ts";
