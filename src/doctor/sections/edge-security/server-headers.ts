/** The headers that nginx adds in the server of the collector, whatever the location. */
import type { Scope } from "../../nginx/edge-servers.ts";
import { type Header, headersIn } from "../../nginx/error-answers.ts";
import type { Outcome } from "../../nginx/simulate.ts";
import type { WithEvent } from "../edge/edge-view.ts";

export function serverScopes({ scopes, locations }: Outcome): readonly Scope[] {
  const [first] = locations;
  const index = scopes.findIndex(({ opening }) => opening === first);
  return first === undefined || index === -1 ? scopes : scopes.slice(0, index);
}

/** The headers of an answer that nginx makes by itself where no location has its say. */
export function ofServer(
  { event }: WithEvent,
  upstreamHeaders: Readonly<Record<string, string>> = {},
  status = 404,
): readonly Header[] {
  const asked = { ...event.variables.asked, upstreamHeaders, status };
  return headersIn(serverScopes(event), { ...event.variables, values: new Map(), asked }, status);
}
