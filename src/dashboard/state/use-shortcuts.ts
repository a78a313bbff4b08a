/** Listens to the keys of the dashboard and hands each command on. */
import { useEffect, useRef } from "preact/hooks";
import { type Command, findCommand, isTakenElsewhere } from "./shortcuts.ts";

export function useShortcuts(onCommand: (command: Command) => void): void {
  const latest = useRef(onCommand);
  latest.current = onCommand;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTakenElsewhere(event)) return;
      const command = findCommand(event.key);
      if (command === null) return;
      event.preventDefault();
      latest.current(command);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
