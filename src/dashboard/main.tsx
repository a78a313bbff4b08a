/**
 * The dashboard: a web app of static files that signs in with a key, asks the server its questions over
 * `POST /api/query` and draws the answers. It computes no figure itself.
 *
 * `app.tsx` decides which page is shown; a page (`pages/`) lays out cards (`cards/`) and controls (`controls/`).
 * What is looked at (site, range, filters, graph) lives in the address (`state/view.ts`), so that a link shows the
 * same and Back works. Nothing is kept in the browser but the choice of theme. No address of a request holds a word
 * that content blockers look for, and nothing is inline: the page runs under `default-src 'none'`.
 */
import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme, readTheme } from "./state/theme.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/header.css";
import "./styles/cards.css";
import "./styles/chart.css";
import "./styles/arrived.css";
import "./styles/panels.css";

applyTheme(readTheme());
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
