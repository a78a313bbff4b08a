/**
 * The outbox for a script tag, before that of the core:
 *
 * `<script defer src="https://api.example.com/passerby-outbox.js" data-outbox="local"></script>`
 */
import { keepOutbox } from "./index.ts";
import { readPlace } from "./read-place.ts";

// Only during the first run of a classic script does the document say which script it is.
keepOutbox(readPlace(document.currentScript?.dataset["outbox"]));
