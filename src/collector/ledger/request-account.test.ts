/** Each event of a request is received once and meets one end, also where the request fails halfway. */
import { describe, expect, it } from "vitest";
import { makeEvent } from "../../../test/fault/make-event.ts";
import { Books } from "./books.ts";
import { RequestAccount } from "./request-account.ts";

const a1 = makeEvent("a1", { site: "a.com" });
const a2 = makeEvent("a2", { site: "a.com" });
const b1 = makeEvent("b1", { site: "b.org" });
const NOW = Date.parse(a1.receivedAt);
const ARRIVED = { drafts: [{ event: a1 }, { event: a2 }, { event: b1 }], refused: 2 };

function open(site?: string) {
  const books = new Books(() => []);
  const account = new RequestAccount(books.at(NOW), site);
  const rows = (): unknown =>
    Object.fromEntries(
      [...books.rows(0, Number.POSITIVE_INFINITY)].map((row) => {
        const { received, stored, dropped, refused } = row;
        return [row.site, { received, stored, ...dropped, ...refused }];
      }),
    );
  return { books, account, rows };
}

describe("the account of a request", () => {
  it("puts valid events under their site and others under that of the page", () => {
    const { books, account, rows } = open("page.net");
    account.arrive(ARRIVED);
    books.stored([a1, b1], { start: "s", seq: 1 });
    account.settle([{ site: "a.com", reason: "bot" }], 4);
    expect(rows()).toEqual({
      "a.com": { received: 2, stored: 1, bot: 1 },
      "b.org": { received: 1, stored: 1 },
      "page.net": { received: 2, stored: 0, invalid_event: 2 },
    });
  });

  it("refuses what is not on disk when a request fails after a part of it was stored", () => {
    const { books, account, rows } = open();
    account.arrive(ARRIVED);
    books.stored([a2], { start: "s", seq: 0 });
    account.noteStored([a2]);
    account.refuse({ reason: "log_unavailable", count: 1 });
    expect(rows()).toEqual({
      "(unknown)": { received: 2, stored: 0, log_unavailable: 2 },
      "a.com": { received: 2, stored: 1, log_unavailable: 1 },
      "b.org": { received: 1, stored: 0, log_unavailable: 1 },
    });
  });

  it.each([
    ["rate_limited", 3, "page.net"],
    ["log_unavailable", 1, "page.net"],
    ["invalid_json", 1, "(unknown)"],
    ["payload_too_large", 1, "(unknown)"],
  ] as const)("puts %s of a request that was not read under the site that is known", (reason, count, site) => {
    const { account, rows } = open("page.net");
    account.refuse({ reason, count });
    expect(rows()).toEqual({ [site]: { received: count, stored: 0, [reason]: count } });
  });

  it("lets a fault of ours be seen as events without an end", () => {
    const unread = open("page.net");
    unread.account.fail();
    expect(unread.rows()).toEqual({ "page.net": { received: 1, stored: 0 } });
    const read = open();
    read.account.arrive({ drafts: [{ event: b1 }], refused: 0 });
    read.account.fail();
    expect(read.rows()).toEqual({ "b.org": { received: 1, stored: 0 } });
  });
});
