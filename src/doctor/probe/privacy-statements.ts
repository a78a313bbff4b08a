/**
 * What the sentences of a privacy page mean. A page may say it in its own words, so each meaning is looked for under several
 * phrases, in English and, where they are common, German, French and Spanish ones; what is not found may still be there.
 */

export type Meaning =
  | "anonymous_ids"
  | "no_cookies"
  | "no_personal_data"
  | "opt_out"
  | "contact"
  | "user_agent"
  | "place";

/** Statements that a page is to make; each is met by one sentence that fits. */
export const MEANINGS: Readonly<Record<Meaning, RegExp>> = {
  anonymous_ids:
    /\b(?:anonym|pseudonym)\w*\b|visitor[ _-]?ids?\b|random (?:number|id\w*)|besucher-?(?:id|kennung)|zufalls|identifiant|aleatori/i,
  no_cookies:
    /\b(?:no|zero|without(?: any)?) (?:\w+ ){0,2}cookies?\b|\bcookie[- ]?(?:free|less)\b|\b(?:not|never|n't) (?:\w+ ){0,4}cookies?\b|\bkeine(?:n|rlei)? (?:\w+ )?cookies?|\bohne (?:\w+ )?cookies?|\b(?:sans|pas de|aucun) cookies?|\bsin cookies|ninguna cookie/i,
  no_personal_data:
    /\bno (?:\w+ )?(?:personal\w*|personally[ -]identif\w*|pii)\b|\b(?:not|never|n't|nor|without) (?:[\w-]+ ){0,7}(?:personal\w*|pii|identif\w+|who you are)|\bkeine personen|\bpersonenbezogen\w* (?:\w+ ){0,4}nicht|\b(?:aucune|pas de) donn[ée]es? (?:\w+ )?personnelles?|\bning[uú]n dato personal|no (?:\w+ ){0,3}datos personales/i,
  opt_out:
    /\bopt(?:ing)?[ -]?(?:out|ed out)|global privacy control|do[ -]not[ -]track|\b(?:gpc|dnt)\b|\bobject to\b|turn (?:it|this|counting|tracking) off|widersp|ablehn|refus|opponer|oponer/i,
  contact:
    /\bcontact\b|\be-?mail (?:us|to)\b|[\w.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+\.\w|\bwrite to us\b|\bresponsible\b|\bcontroller\b|kontakt|verantwortlich|impressum|contacte|responsable/i,
  user_agent: /user[ _-]?agent|name (?:that )?your browser gives itself|browser(?:kennung|-kennung)/i,
  place: /\bcountr(?:y|ies)\b|\bregions?\b|geo-?(?:location|graphic)|\blocation\b|\bland\b|herkunft|\bpays\b|pa[ií]s/i,
};

/** Says whether one of the statements has the meaning, and which. */
export function findMeaning(statements: readonly string[], meaning: Meaning): string | undefined {
  return statements.find((statement) => MEANINGS[meaning].test(statement));
}

/** Words for our automatic events, where a page does not name them as the data does. */
const EVENT_WORDS: Readonly<Record<string, RegExp>> = {
  page_view:
    /page[ _-]?views?|pages? (?:that )?(?:\w+ ){0,3}(?:view|visit|open|read|see)|(?:view|visit|open|read)\w* (?:\w+ ){0,3}pages?|seitenaufruf|pages? (?:vues?|consult)|p[aá]ginas/i,
  link_click:
    /link[ _-]?clicks?|click\w* (?:\w+ ){0,3}links?|follow (?:\w+ ){0,2}links?|links? (?:\w+ ){0,4}(?:click|follow)|klick|liens?|enlaces?/i,
  download: /download|open a file|heruntergeladen|t[ée]l[ée]charg|descarg/i,
  form_submit: /form[ _-]?submi|forms?\b|formular|formulaire/i,
  scroll_depth: /scroll|how far (?:\w+ ){0,2}read|of which you have seen/i,
  engagement: /engagement|how long|time (?:spent|on)|verweildauer|dur[ée]e/i,
  search: /\bsearch|suche|recherche|b[uú]squeda/i,
  not_found: /not[ _-]?found|404|missing pages?|no page at/i,
  web_vital: /web[ _-]?vital|how fast|load(?:ing)? (?:time|speed)|performance|ladezeit/i,
  js_error: /js[ _-]?error|errors?\b|script (?:\w+ ){0,4}fails?|fehler|erreur/i,
};

/** Says whether a page speaks of an event: by its name or, for automatic ones, in words. */
export function mentionsEvent(statements: readonly string[], name: string): boolean {
  return statements.some((statement) => statement.includes(name) || EVENT_WORDS[name]?.test(statement) === true);
}

export type Period = {
  /** As the page has it: `30 days`. */
  readonly said: string;
  readonly minDays: number;
  readonly maxDays: number;
  readonly statement: string;
};

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  ...{ one: 1, a: 1, an: 1, two: 2, three: 3, six: 6, seven: 7, ten: 10, twelve: 12, thirteen: 13, fourteen: 14 },
  ...{ thirty: 30, sixty: 60, ninety: 90 },
};
const PERIOD =
  /\b(\d+|one|an?|two|three|six|seven|ten|twelve|thirteen|fourteen|thirty|sixty|ninety)[ -](days?|tagen?|jours?|d[ií]as?|weeks?|wochen?|semaines?|months?|monaten?|mois|meses|years?|jahren?|ans?|a[nñ]os?)\b/gi;
const KEEPING =
  /\bke(?:ep|eps|pt)\b|retain|retention|\bstor(?:e|ed|age|ing)\b|delet|eras|remov|aufbewahr|gespeichert|gel[öo]scht|conserv|supprim|almacen|elimin|borr/i;
/** What a browser keeps is another thing than what the server keeps. */
const IN_BROWSER = /\bbrowser|cookie|local ?storage|session ?storage|\btab\b/i;

/** How long the page says that data is kept: each period that a sentence about keeping has. */
export function findPeriods(statements: readonly string[]): readonly Period[] {
  // A cell or a heading that speaks of keeping says for how long in the one after it.
  const keeping = statements.flatMap((statement, at) => {
    if (!KEEPING.test(statement) || IN_BROWSER.test(statement)) return [];
    return isLabel(statement) ? [`${statement}: ${statements[at + 1] ?? ""}`] : [statement];
  });
  return keeping.flatMap((statement) =>
    [...statement.matchAll(PERIOD)].map(([said = "", number = "", unit = ""]) => {
      const count = NUMBER_WORDS[number.toLowerCase()] ?? Number(number);
      const [min, max] = daysOf(unit.toLowerCase());
      return { said, minDays: count * min, maxDays: count * max, statement };
    }),
  );
}

function isLabel(statement: string): boolean {
  return statement.length <= 40 && !/[.!?\d]/.test(statement);
}

/** The fewest and the most days that a unit may have. */
function daysOf(unit: string): readonly [number, number] {
  if (/^(?:w|sem)/.test(unit)) return [7, 7];
  if (/^m/.test(unit)) return [28, 31];
  return /^(?:y|jahr|an|a[nñ]o)/.test(unit) ? [365, 366] : [1, 1];
}

export type Share = { readonly share: number; readonly statement: string };

const PERCENT = /(\d+(?:[.,]\d+)?) ?(?:%|percent|per cent|prozent|pour cent|por ciento)/i;
const COUNTING = /(?:visit|client|user|besuch|nutzer|people)/i;
const COUNTS_ALL =
  /\b(?:all|every) (?:\w+ )?(?:visitors?|visits?)\b[^.]*\bcounted\b|\balle besuch\w* werden gez[äa]hlt/i;

/** Which share of visitors the page says is counted: 1 where it says all of them, 0 where nobody is. */
export function findShare(statements: readonly string[]): Share | undefined {
  for (const statement of statements) {
    const [, number] = COUNTING.test(statement) ? (PERCENT.exec(statement) ?? []) : [];
    if (number !== undefined) return { share: Number(number.replace(",", ".")) / 100, statement };
    if (COUNTS_ALL.test(statement)) return { share: 1, statement };
    if (/\bnobody is counted\b/i.test(statement)) return { share: 0, statement };
  }
  return undefined;
}

/** A sentence by which nothing that tells visitors apart lies in the browser. */
export function findNothingInBrowser(statements: readonly string[]): string | undefined {
  return statements.find((statement) =>
    /browser keeps no (?:number|id)|no identifiers? (?:is|are) (?:stored|kept|saved)|(?:store|keep|save)s? nothing (?:in|on) your (?:browser|device)/i.test(
      statement,
    ),
  );
}

/** Our own sentences about what the server does with a browser that asks for privacy. */
export const SIGNAL_STATEMENTS: Readonly<Record<"drop" | "no_id" | "ignore", RegExp>> = {
  drop: /stores nothing that comes from such a browser/i,
  no_id: /stored without anything that ties it to a visitor/i,
  ignore: /stored like all else/i,
};
