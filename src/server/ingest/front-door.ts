/**
 * What stands in front of the framework: the two endpoints that every page of every visitor asks (decision 0005). All other
 * routes, and preflights, pass on.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type MeasuringParts, measureAnswer } from "../health/request-hooks.ts";
import { type ConfigEndpointParts, takeConfigRequest } from "./config-endpoint.ts";
import { type EventEndpointParts, takeEventRequest } from "./event-endpoint.ts";

const EVENT_PATH = "/api/metrics/event";
const CONFIG_PATH = "/api/metrics/config";

/** Says whether it took the request. */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Makes the front door. */
export function createFrontDoor(parts: EventEndpointParts & ConfigEndpointParts & MeasuringParts): FrontDoor {
  return (request, response) => {
    const { url = "", method } = request;
    if (method === "OPTIONS") return false;
    if (isPath(url, EVENT_PATH)) {
      measureAnswer(parts, EVENT_PATH, request, response);
      takeEventRequest(request, response, parts);
      return true;
    }
    if (!isPath(url, CONFIG_PATH) || (method !== "GET" && method !== "HEAD")) return false;
    measureAnswer(parts, CONFIG_PATH, request, response);
    takeConfigRequest(request, response, parts);
    return true;
  };
}

/** The path ends the text or goes on as a query: NaN is the end of the text. */
function isPath(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false;
  const code = url.charCodeAt(path.length);
  return Number.isNaN(code) || code === 0x3f;
}
