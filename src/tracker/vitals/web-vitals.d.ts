/**
 * The part of the library web-vitals that is used, typed as its README (version 6) says. Its own types cannot be taken:
 * they declare `Document.prerendering` as writable for the whole project, against the core's.
 */
import type { Measured } from "./gather-vitals.ts";

type Observe = (onReport: (metric: Measured) => void, options?: { readonly reportAllChanges?: boolean }) => void;

export declare const onCLS: Observe;
export declare const onFCP: Observe;
export declare const onINP: Observe;
export declare const onLCP: Observe;
export declare const onTTFB: Observe;
