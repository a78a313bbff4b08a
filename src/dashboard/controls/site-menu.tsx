/** The site that is shown, and the way to the others where there are several. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Dropdown } from "./dropdown.tsx";
import { Icon } from "./icons.tsx";

type SiteMenuProps = {
  readonly sites: readonly { readonly name: string }[];
  readonly site: string;
  readonly onChoose: (site: string) => void;
};

export function SiteMenu({ sites, site, onChoose }: SiteMenuProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  if (sites.length < 2) return <h1 class="site-name">{site}</h1>;
  const button = (
    <>
      <span class="button-text">{site}</span>
      <Icon name="chevron" />
    </>
  );
  const choose = (name: string): void => {
    setIsOpen(false);
    onChoose(name);
  };
  return (
    <h1 class="site-name">
      <Dropdown button={button} isOpen={isOpen} onToggle={setIsOpen} align="start">
        <ul class="menu">
          {sites.map(({ name }) => (
            <li key={name}>
              <button type="button" aria-pressed={name === site} onClick={() => choose(name)}>
                <span>{name}</span>
                {name === site && <Icon name="check" />}
              </button>
            </li>
          ))}
        </ul>
      </Dropdown>
    </h1>
  );
}
