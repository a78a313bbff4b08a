/** Loads another script of ours beside the one that asks, as far as the page's policies allow it. */

/** What of the Trusted Types API (w3.org/TR/trusted-types) is used; absent where browsers do not have it. */
type TrustedTypePolicies = {
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: () => string },
  ) => { readonly createScriptURL: (address: string) => string };
};

declare global {
  interface Window {
    readonly trustedTypes?: TrustedTypePolicies;
  }
}

/** Loads `file` from the folder of `own`, with its nonce. A page that forbids it gets nothing, and no exception. */
export function loadScriptBeside(own: HTMLScriptElement, file: string): void {
  try {
    const script = document.createElement("script");
    script.nonce = own.nonce;
    script.src = trustAddress(new URL(file, own.src).href);
    document.head.append(script);
  } catch {
    // Trusted Types are required here and our policy is not among those allowed.
  }
}

/** The policy `passerby` makes this one address and no other. Where it is not allowed, the plain address may be. */
function trustAddress(address: string): string {
  try {
    return (
      window.trustedTypes?.createPolicy("passerby", { createScriptURL: () => address }).createScriptURL("") ?? address
    );
  } catch {
    return address;
  }
}
