/** The list of keys that `?` shows. */
import type { JSX } from "preact";
import { SHORTCUTS } from "../state/shortcuts.ts";
import { Modal } from "./modal.tsx";

export function ShortcutList({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Modal title="Keys" onClose={onClose}>
      <dl class="shortcuts">
        {SHORTCUTS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
