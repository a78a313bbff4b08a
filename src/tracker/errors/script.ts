/**
 * Errors for a script tag. It may stand anywhere; before the page's other scripts and without `defer`, it hears of what goes
 * wrong while they run, and tells the core as soon as that is there.
 *
 * `<script src="https://api.example.com/passerby-errors.js"></script>`
 */
import { reportErrors } from "./index.ts";

reportErrors();
