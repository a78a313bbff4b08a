/**
 * Web vitals for a script tag beside the core's, in any order.
 *
 * `<script defer src="https://api.example.com/passerby-vitals.js"></script>`
 */
import { reportWebVitals } from "./index.ts";

reportWebVitals();
