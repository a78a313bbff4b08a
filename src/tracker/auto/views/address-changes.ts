/** Tells of changes of the address within a page, before they happen, while `location` is still that of the view left. */

export type AddressWatcher = {
  /** The address is about to become another. It may still be prevented. */
  readonly onChange: (next: URL) => void;
  /** The address has become another by a way back or forth, in a browser that tells of that only afterwards. */
  readonly onChanged: () => void;
};

/** Watches the address by the Navigation API, and where browsers have none (before 2026) by the History API. */
export function watchAddress({ onChange, onChanged }: AddressWatcher): void {
  const { navigation }: { navigation?: Navigation } = window;
  if (navigation) {
    navigation.addEventListener("navigate", ({ destination }) => onChange(new URL(destination.url)));
    return;
  }
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = (...args): void => {
      const next = resolveAddress(args[2]);
      if (next) onChange(next);
      original.apply(history, args);
    };
  }
  addEventListener("popstate", onChanged);
}

/** Returns the address that `pushState` was given, or undefined for none and for one that it will refuse. */
function resolveAddress(address: string | URL | null | undefined): URL | undefined {
  try {
    return address == null ? undefined : new URL(address, document.baseURI);
  } catch {
    return undefined;
  }
}
