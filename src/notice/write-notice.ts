/** Writes the privacy notice of an installation as HTML: headings, paragraphs, lists and tables, without style or script. */
import type { NoticeFacts } from "./notice-facts.ts";

/** Returns the notice without a title, to be put into a page of the site. Whatever was given as text is escaped. */
export function writeNotice(facts: NoticeFacts): string {
  const { contact } = facts;
  const sections = [
    counted(facts),
    anonymousId(facts),
    absent(facts),
    kept(facts),
    refusing(facts),
    ...(contact === undefined ? [] : [section("Who is responsible", [paragraph(escapeHtml(contact))])]),
  ];
  return `<div class="passerby-privacy">\n${sections.join("\n")}\n</div>`;
}

/** Escapes text for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function counted(facts: NoticeFacts): string {
  const events = facts.events.map(({ name, when, says }) => [code(name), escapeHtml(when), escapeHtml(says)]);
  const fields = facts.fields.map(({ name, meaning }) => [code(name), escapeHtml(meaning)]);
  return section("What is counted", [
    paragraph(`We count visits on our own server, so that we know which pages are read. ${sampling(facts)}`),
    table("events", ["Event", "When", "What it says"], events),
    paragraph("With each of these events is stored:"),
    table("fields", ["In the data", "What it is"], fields),
    paragraph(
      "E-mail addresses, phone and card numbers and long secret words in addresses, titles and events are blacked out before anything is stored.",
    ),
    ...(facts.bots === "drop" ? [paragraph("Events of robots are not stored.")] : []),
  ]);
}

function sampling({ sampleRate, serverRate }: NoticeFacts): string {
  const share = sampleRate * serverRate;
  if (share === 0) return "At present nobody is counted.";
  if (share === 1) return "All visitors are counted but those who say no.";
  return `Only ${percent(share)} of visitors are counted, drawn by chance; of all others nothing is stored.`;
}

function percent(share: number): string {
  return new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 }).format(share);
}

function anonymousId({ identity }: NoticeFacts): string {
  const ids = {
    daily: [
      "To tell one visitor with five pages from five visitors, our server makes a number out of your address on the network, the name of your browser and a random secret of the day. The secret changes at midnight (UTC) and is destroyed within 48 hours. The number cannot be turned back, and tomorrow you get another. Your browser keeps no number, and your network address is written down nowhere.",
    ],
    session: [
      "To tell one visitor with five pages from five visitors, your browser draws a random number and keeps it until you close the tab, in its session storage under <code>passerby-visitor</code>. Your network address is written down nowhere.",
    ],
    persistent: [
      "If you agree, your browser draws a random number and keeps it for at most 13 months, however often you come, in its local storage under <code>passerby-visitor</code>. It is deleted when you take your consent back.",
      "Without your consent our server makes a number out of your address on the network, the name of your browser and a random secret of the day, which is destroyed within 48 hours: tomorrow you get another number. Your network address is written down nowhere.",
    ],
  } as const;
  return section("An anonymous visitor id", ids[identity].map(paragraph));
}

function absent({ outbox, scripts }: NoticeFacts): string {
  const waiting = {
    memory: "Events that cannot be sent are forgotten with the page.",
    session:
      "If our server cannot be reached as you leave a page, what you did there waits in your browser's session storage, without the page's title and without a number, until the next page or until you close the tab.",
    local:
      "If our server cannot be reached as you leave a page, what you did there waits in your browser's local storage, without the page's title and without a number, until you come back or for 23 hours.",
  } as const;
  const dev = scripts.includes("dev")
    ? " If you ask for the panel that shows what is sent, with <code>?dev=1</code>, your browser remembers that until you say <code>?dev=0</code>."
    : "";
  return section("What there is not", [
    list([
      `No tracking cookies, and none of any other kind. ${waiting[outbox]}${dev}`,
      "No personal data: no names, no e-mail addresses, no phone numbers, no network address.",
      "No third party, and nothing that follows you to other sites.",
      "No recording of your mouse, your keys or what you write into forms.",
    ]),
  ]);
}

function kept({ retentionDays }: NoticeFacts): string {
  const days = retentionDays === 1 ? "1 day" : `${retentionDays} days`;
  const end = retentionDays === 1 ? "on the day after" : "every day";
  return section(`Kept for ${days}`, [
    paragraph(
      `Events are kept for ${days}, the day they arrived among them. What is older is deleted ${end}, from the records and from the statistics made of them.`,
    ),
  ]);
}

function refusing({ privacySignals }: NoticeFacts): string {
  const others = {
    drop: "and our server stores nothing that comes from such a browser",
    no_id: "and what such a browser sends in another way is stored without anything that ties it to a visitor",
    ignore: "though what such a browser sends in another way is stored like all else",
  } as const;
  return section("Saying no", [
    paragraph(
      `If your browser sends <a href="https://globalprivacycontrol.org/">Global Privacy Control</a> or Do Not Track, our script sends us nothing, ${others[privacySignals]}.`,
    ),
    paragraph(
      '<a href="?passerby=off">This link</a> does the same for this browser, which remembers your wish; <a href="?passerby=on">this one</a> takes it back.',
    ),
  ]);
}

function section(title: string, parts: readonly string[]): string {
  return `<h2>${title}</h2>\n${parts.join("\n")}`;
}

function paragraph(html: string): string {
  return `<p>${html}</p>`;
}

function list(items: readonly string[]): string {
  return `<ul>\n${items.map((item) => `<li>${item}</li>`).join("\n")}\n</ul>`;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function table(name: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  const body = rows.map(([first = "", ...others]) => {
    const cells = others.map((cell) => `<td>${cell}</td>`).join("");
    return `<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return `<table class="passerby-${name}">\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>`;
}
