/** What may be wrong in the repository of a site: what was built, what git has, and units of systemd. */
import type { Deployment, Fault } from "../good-deployment.ts";

const UNIT = "deploy/systemd/passerby.service";
const ROTATE_UNIT = "deploy/systemd/passerby-rotate.service";

/** Puts a site into the repository that is built as its variables say. */
export function addSite({ write }: Deployment): void {
  write("shop/vite.config.ts", "export default {};\n");
  write("shop/.env.production", "VITE_API_BASE_URL=https://metrics.example.com\nVITE_METRICS_SAMPLE_RATE=0.25\n");
  write(
    "shop/dist/assets/index-4711.js",
    'const a={MODE:"production",VITE_API_BASE_URL:"https://metrics.example.com",VITE_METRICS_SAMPLE_RATE:"0.25"};go(a)\n',
  );
}

export const REPOSITORY_FAULTS: readonly Fault[] = [
  {
    name: "the site was built with the address of a developer's machine",
    breakIt: ({ patch }) =>
      patch("shop/dist/assets/index-4711.js", "https://metrics.example.com", "http://localhost:8001"),
    finds: "environment.bundle-api-base-url",
    names: /in the bundle http:\/\/localhost:8001 .*index-4711\.js/,
  },
  {
    name: "the site was built without an address",
    breakIt: ({ write }) => write("shop/dist/assets/index-4711.js", 'send("undefined/api/metrics/event")'),
    finds: "environment.bundle-api-base-url",
    names: /undefined\/api\/metrics/,
  },
  {
    name: "the site was built with another rate",
    breakIt: ({ patch }) => patch("shop/dist/assets/index-4711.js", '"0.25"', '"1"'),
    finds: "environment.bundle-rate",
    names: /in the bundle 1 /,
  },
  {
    name: "the site's own file has no TLS",
    breakIt: ({ patch }) => patch("shop/.env.production", "https://", "http://"),
    finds: "environment.api-base-url",
    names: /shop\/\.env\.production:1/,
  },
  {
    name: "the rate is above 1",
    breakIt: ({ patch }) => patch("shop/.env.production", "0.25", "25"),
    finds: "environment.build-rate",
    names: /VITE_METRICS_SAMPLE_RATE 25 /,
  },
  {
    name: "a unit runs as root",
    breakIt: ({ patch }) => patch(UNIT, "User=passerby\n", ""),
    finds: "security.unit-user",
    names: /User \(none\) .*passerby\.service/,
  },
  {
    name: "the unit of the rotator has a flag that there is not",
    breakIt: ({ patch }) => patch(ROTATE_UNIT, "--interval 300", "--interval-seconds 300"),
    finds: "rotation.unit-command",
    names: /--interval-seconds .*passerby-rotate\.service:\d+/,
  },
  {
    name: "the unit of the rotator keeps files for longer than was promised",
    breakIt: ({ patch }) =>
      patch(ROTATE_UNIT, "--gzip-after-days 3", "--gzip-after-days 3 \\\n  --delete-after-days 365"),
    finds: "rotation.unit-command",
    names: /--delete-after-days 365 .*passerby-rotate\.service:\d+/,
  },
  {
    name: "the unit of the rotator runs once",
    breakIt: ({ patch }) => patch(ROTATE_UNIT, "rotate --interval 300", "rotate --once"),
    finds: "rotation.unit-command",
    names: /rotate --once .*passerby-rotate\.service:\d+/,
  },
  {
    name: "a unit may write everywhere",
    breakIt: ({ patch }) => patch(UNIT, "ProtectSystem=strict", "ProtectSystem=false"),
    finds: "security.unit-hardening",
    names: /ProtectSystem false .*passerby\.service:\d+/,
  },
  {
    name: "a unit may write nowhere",
    breakIt: ({ patch }) => patch(UNIT, "StateDirectory=passerby\n", ""),
    finds: "security.unit-hardening",
    names: /StateDirectory \(none\)/,
  },
];
