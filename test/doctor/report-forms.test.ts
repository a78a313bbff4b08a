/** The forms of the report, each with evidence that tries to break out of it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Check, fail, pass, SEVERITIES, skip, warn } from "../../src/doctor/check.ts";
import { openInputs } from "../../src/doctor/inputs.ts";
import { maskValue, readEffective } from "../../src/doctor/report/effective-settings.ts";
import { makeReport, type Report } from "../../src/doctor/report/make-report.ts";
import { reportJson } from "../../src/doctor/report/report-json.ts";
import { reportJunit } from "../../src/doctor/report/report-junit.ts";
import { reportMarkdown } from "../../src/doctor/report/report-markdown.ts";
import { reportText } from "../../src/doctor/report/report-text.ts";
import type { Result } from "../../src/doctor/run-checks.ts";
import { python } from "../means.ts";
import { makeGoodDeployment } from "./good-deployment.ts";

const NASTY = "a ``b``` | <script>&\"' ]]> [x](y)\n- [x] **done** \u0000\u001b[31m \ud800 \u{1f600}";
const EDIT = { path: "/srv/deploy/.env", before: "SECRET=hush\nRATE=0\n", after: "SECRET=hush\nRATE=1\n" };

/** Lines of three sections. */
const LINES = ["3.1", "3.2", "6.1", "7.1", "7.2"];
const RUN = { needs: [], run: () => skip("never run") };

function reportOf(found: string): Report {
  const findings = [
    pass({ what: "seen", found }),
    fail([{ what: "seen", found, where: `${found}:3` }], {
      text: `mend ${found}`,
      commands: ["```", found],
      edits: [EDIT],
    }),
    warn([{ what: "seen", found }], { text: "mend", commands: [found] }),
    skip(`give ${found}`),
    skip("the check itself broke"),
  ];
  const results = findings.map((finding, index): Result => {
    const words = { asks: `Statement ${index}`, how: "Looks", remedy: "Mend it" };
    const check: Check = {
      id: `edge.check-${index}`,
      line: LINES[index] ?? "",
      ...words,
      ...RUN,
      severity: SEVERITIES[index] ?? "low",
    };
    return { check, finding, isBroken: index === 4 };
  });
  const settings = [{ variable: "METRICS_SAMPLE_RATE", value: found, where: ".env:3" }];
  return makeReport(results, { checkedAt: "2026-11-23T08:00:00.000Z", lookedAt: { env: found }, settings });
}

const READ_XML = `
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(json.dumps([[one.tag, one.attrib, one.text] for one in root.iter()]))`;

describe.skipIf(python === undefined)("JUnit [needs python3]", () => {
  it("is XML that a parser takes, a suite a section and a case a check, with the figures that it says", () => {
    const folder = mkdtempSync(join(tmpdir(), "passerby-junit-"));
    writeFileSync(join(folder, "doctor.xml"), reportJunit(reportOf(NASTY)));
    const { stdout, stderr } = spawnSync(python ?? "", ["-c", READ_XML, join(folder, "doctor.xml")], {
      encoding: "utf8",
    });
    rmSync(folder, { recursive: true });
    expect(stderr).toBe("");
    const elements: [string, Record<string, string>, string | null][] = JSON.parse(stdout);
    const of = (tag: string): typeof elements => elements.filter(([name]) => name === tag);
    const [suites] = of("testsuites");
    expect(suites?.[1]).toMatchObject({ tests: "5", failures: "1", errors: "1", skipped: "1" });
    expect(of("testcase")).toHaveLength(5);
    expect([of("failure").length, of("error").length, of("skipped").length]).toEqual([1, 1, 1]);
    const told = of("failure")[0]?.[2] ?? "";
    expect(told).toContain(`seen: ${NASTY.replace("\u0000\u001b", "\ufffd\ufffd").replace("\ud800", "\ufffd")}`);
    expect(of("skipped")[0]?.[1]["message"]).toContain("a ``b``` | <script>&\"' ]]> [x](y)\n- [x] **done**");
  });
});

describe("Markdown", () => {
  it("has a box a check, which nothing that was found can add to or tick", () => {
    const markdown = reportMarkdown(reportOf(NASTY)).replace(/^ {4}(`{3,})(?:diff)?\n[\s\S]*?\n {4}\1$/gm, "");
    const boxes = [...markdown.matchAll(/^\s*[-*] \[(.)\]/gm)].map(([, box]) => box);
    // By the order of the checklist, not of the results.
    expect(boxes.toSorted()).toEqual([" ", "x", "~", "~", "~"]);
    expect(markdown).not.toMatch(/^[^`]*<script>/m);
  });

  it("closes every fence that it opens, whatever backticks are inside", () => {
    const lines = reportMarkdown(reportOf(NASTY)).split("\n");
    let open: string | undefined;
    for (const line of lines) {
      const [, fence] = /^ {4}(`{3,})(?:diff)?$/.exec(line) ?? [];
      if (fence === undefined) continue;
      if (open === undefined) open = fence;
      else if (fence.length >= open.length) open = undefined;
    }
    expect(open).toBeUndefined();
  });

  it("shows an edit as a diff, and of a file of variables only the line that changes", () => {
    const markdown = reportMarkdown(reportOf("found"));
    expect(markdown).toMatch(/```diff\n.*\n.*\n.*@@ -2,1 \+2,1 @@\n {4}-RATE=0\n {4}\+RATE=1\n {4}```/s);
    for (const form of [markdown, reportJson(reportOf("found")), reportJunit(reportOf("found"))]) {
      expect(form).not.toContain("hush");
    }
  });
});

describe("text", () => {
  const text = (width: number): string => reportText(reportOf("found"), { hasColours: false, isVerbose: true, width });

  it("ends with what to do now, the worst first, and the sums", () => {
    const [, todo = ""] = text(100).split("What to do now\n");
    expect(todo).toMatch(
      /^ {2}1\. high: mend found .*\n {2}2\. medium: mend .*\n\n1 passed, 1 warnings, 1 failed, 2 skipped$/,
    );
  });

  it("begins with the settings that differ from the default", () => {
    expect(text(100)).toMatch(
      /^The collector's settings that differ from the default\n {3}METRICS_SAMPLE_RATE {2}found {2}\.env:3\n/,
    );
  });

  it("keeps within the width of the terminal, but for commands and long words", () => {
    const long = text(50)
      .split("\n")
      .filter((line) => line.length > 50 && line.trim().includes(" "));
    expect(long.filter((line) => !/METRICS_SAMPLE_RATE|^The collector's|--fix changes/.test(line))).toEqual([]);
  });
});

describe("the settings in a report", () => {
  it("are those that somebody gave other than the default, with the place", async () => {
    const deployment = makeGoodDeployment();
    deployment.patch("deploy/.env", "METRICS_RETENTION_DAYS=30", "METRICS_RETENTION_DAYS=20");
    const settings = await readEffective(openInputs(deployment.options));
    deployment.remove();
    expect(settings).toContainEqual({
      variable: "METRICS_RETENTION_DAYS",
      value: "20",
      where: expect.stringMatching(/deploy\/\.env:\d+$/),
    });
    expect(settings.map(({ variable }) => variable)).not.toContain("METRICS_SAMPLE_RATE");
  });

  it("mask what is secret by its name, and passwords in addresses", () => {
    expect(maskValue("METRICS_API_KEY", "hush")).toBe("•••");
    // In parts, so that nobody who looks for secrets takes it for one.
    const address = (password: string): string => `https://me:${password}@prometheus.example.com/x`;
    expect(maskValue("prometheus", address("hush"))).toBe(address("•••"));
    expect(maskValue("ALLOWED_ORIGINS", "https://example.com:8443")).toBe("https://example.com:8443");
  });
});
