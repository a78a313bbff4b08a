/** A piece of code to take along: shown whole, copied with one click. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

export function CopyBlock({ code, label }: { readonly code: string; readonly label: string }): JSX.Element {
  const [isCopied, setIsCopied] = useState(false);
  const block = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      setIsCopied(true);
    } catch {
      // Clipboards are denied outside secure contexts: the code is selected instead, one key press from copied.
      if (block.current !== null) getSelection()?.selectAllChildren(block.current);
    }
  };
  return (
    <div class="copy-block">
      <pre>
        <code ref={block}>{code}</code>
      </pre>
      <button type="button" class="button" aria-label={`Copy ${label}`} onClick={copy}>
        <Icon name={isCopied ? "check" : "copy"} />
        <span aria-live="polite">{isCopied ? "Copied" : "Copy"}</span>
      </button>
    </div>
  );
}
