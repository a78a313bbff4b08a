/**
 * The production checklist, line by line, in our words: what each line asks, and where the list that people pass around is
 * wrong, what is right instead. The first ten sections are numbered as they are there; the validation after a deployment is 11.
 */

/** A line of the checklist. */
export type Line = {
  /** Section and place in it, `3.1`. */
  readonly line: string;
  readonly asks: string;
  /** What the list says that is wrong or outdated, what is right, and why. */
  readonly correction?: string;
};

export type Section = { readonly section: number; readonly title: string; readonly lines: readonly Line[] };

export const CHECKLIST: readonly Section[] = [
  {
    section: 1,
    title: "CORS",
    lines: [
      { line: "1.1", asks: "ALLOWED_ORIGINS names the origins of the site" },
      { line: "1.2", asks: "ALLOWED_ORIGINS is set where the collector runs" },
      { line: "1.3", asks: "A preflight is answered with the right headers" },
    ],
  },
  {
    section: 2,
    title: "Environment variables",
    lines: [
      {
        line: "2.1",
        asks: "VITE_API_BASE_URL leads to the edge",
        correction:
          "Vite puts the value into the bundle when it builds: what counts is what the bundle says, not the shell.",
      },
      {
        line: "2.2",
        asks: "VITE_METRICS_SAMPLE_RATE is the rate meant for production",
        correction:
          "0.25 or lower is advised for every site. A small site gains nothing by it and loses precision: a rate below 1 is right where load or disk ask for it.",
      },
      { line: "2.3", asks: "METRICS_SAMPLE_RATE is right where the server samples" },
      { line: "2.4", asks: "The environment file or the compose file hand these on" },
    ],
  },
  {
    section: 3,
    title: "The edge (nginx)",
    lines: [
      { line: "3.1", asks: "A zone limits the rate of each address" },
      { line: "3.2", asks: "The zone, a cap for bodies and the collector stand at /api/metrics/event" },
      { line: "3.3", asks: "More than 15 requests a second are answered 429" },
    ],
  },
  {
    section: 4,
    title: "Rotation",
    lines: [
      {
        line: "4.1",
        asks: "The service metrics-rotator is there and set up",
        correction:
          "A rotator that copies, appends and unlinks while the server writes loses events. Ours asks the collector to seal a file and touches sealed files only; it needs no package manager at its start.",
      },
      { line: "4.2", asks: "/data is mounted for writing" },
      { line: "4.3", asks: "The interval suits production" },
      { line: "4.4", asks: "Compression and deletion meet what was promised" },
    ],
  },
  {
    section: 5,
    title: "Privacy",
    lines: [
      { line: "5.1", asks: "The README has a section on privacy" },
      { line: "5.2", asks: "A privacy page says what is collected, how long, and what is not" },
      { line: "5.3", asks: "The footer links to the privacy page" },
    ],
  },
  {
    section: 6,
    title: "Version control and data protection",
    lines: [
      {
        line: "6.1",
        asks: ".gitignore keeps the data out",
        correction:
          "Three patterns for metrics files leave salts, keys, sessions and the store to be committed: the whole data directory has to be ignored.",
      },
      { line: "6.2", asks: "No data was ever committed" },
      { line: "6.3", asks: "git status does not show data" },
    ],
  },
  {
    section: 7,
    title: "Health checks and monitoring",
    lines: [
      {
        line: "7.1",
        asks: "Smoke test: an event is stored",
        correction:
          "A success that stored nothing on purpose is possible (a brake, sampling): then the answer names the reason, and stored is 0.",
      },
      { line: "7.2", asks: "Smoke test: the snapshot answers" },
      { line: "7.3", asks: "Smoke test: health answers" },
      { line: "7.4", asks: "Alerts for disk space, rotation, 429s and spikes" },
      { line: "7.5", asks: "The logs of metrics-rotator are collected" },
      { line: "7.6", asks: "by_event is reviewed every week" },
    ],
  },
  {
    section: 8,
    title: "Tests",
    lines: [
      { line: "8.1", asks: "npm test passes" },
      { line: "8.2", asks: "The smoke tests pass" },
      {
        line: "8.3",
        asks: "The tests in a browser pass",
        correction:
          "npx playwright test is not how they run here: npm test runs them, with the Chromium of the machine.",
      },
      { line: "8.4", asks: "The workflows of CI are green" },
    ],
  },
  {
    section: 9,
    title: "Security",
    lines: [
      { line: "9.1", asks: "The collector does not run as root (UID 1001)" },
      {
        line: "9.2",
        asks: "The root file system is read-only",
        correction: "readOnlyRootFilesystem is Kubernetes; Compose says read_only.",
      },
      { line: "9.3", asks: "SELinux or AppArmor holds the collector" },
      { line: "9.4", asks: "TLS with a certificate that is trusted and renewed" },
      {
        line: "9.5",
        asks: "Security headers on every answer",
        correction:
          "X-XSS-Protection: 1; mode=block is obsolete and could be abused: send 0 or nothing. An add_header in a location drops every inherited one.",
      },
    ],
  },
  {
    section: 10,
    title: "Rollback",
    lines: [
      {
        line: "10.1",
        asks: "Trackers can be silenced",
        correction:
          "A rebuild of the frontend takes long and reaches no open page: passerby brake rate 0 --tracker does, within 60 s.",
      },
      {
        line: "10.2",
        asks: "Storing can be stopped",
        correction: "No restart is needed: passerby brake rate 0 --collector.",
      },
      {
        line: "10.3",
        asks: "The edge can refuse all events",
        correction:
          "rate=1r/h does not load: nginx knows r/s and r/m. 1r/m would let 11 requests of each address through. passerby brake on --edge answers 503.",
      },
      { line: "10.4", asks: "The rotator can be stopped" },
    ],
  },
  {
    section: 11,
    title: "After the deployment",
    lines: [
      { line: "11.1", asks: "All smoke tests pass" },
      { line: "11.2", asks: "Fifteen minutes of logs, disk and response times" },
      { line: "11.3", asks: "The badge shows for developers (?dev=1)" },
      { line: "11.4", asks: "The debug panel shows live data" },
      { line: "11.5", asks: "The rate limit holds under load" },
    ],
  },
];
