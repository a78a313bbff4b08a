/** Why events were not stored, in plain words: what each reason of the contract means and what to do about it. */
import type { DropReason, RefusalReason } from "../../event.ts";

const REASONS: Readonly<Record<DropReason | RefusalReason, string>> = {
  brake: "Collection was paused. See passerby brake status; passerby brake off ends it.",
  sampled_out: "Their visitors are not in the sample; the figures make up for them. METRICS_SAMPLE_RATE=1 keeps all.",
  bot: "Sent by robots, which METRICS_BOTS=drop leaves out. METRICS_BOTS=keep stores them apart.",
  opted_out:
    "Their browsers ask for privacy (Global Privacy Control or Do Not Track). METRICS_PRIVACY_SIGNALS says what that does.",
  duplicate: "The same events had come before, as they do when an answer was lost. Each is stored once; nothing to do.",
  site_off: "Collection was off for this site. passerby brake off --site lets its events pass again.",
  invalid_json: "The body was no JSON in UTF-8. Look at what sends it.",
  invalid_event:
    "A field is missing or not as it must be. The answer to such a request names it: look into the network panel of the browser, or ask for it where a server sends.",
  key_required: "Sent with a key that is not known or has expired. Make one with passerby key create --scope ingest.",
  origin_not_allowed: "Sent by pages whose origin is not in ALLOWED_ORIGINS. If they are yours, add it there.",
  payload_too_large: "The body was larger than 64 KiB, or than 512 KiB unpacked. Send fewer events at a time.",
  unsupported_media_type:
    "Neither application/json nor text/plain, or packed otherwise than with gzip or br. Change what sends it.",
  rate_limited:
    "Over METRICS_RATE_LIMIT. If your site is behind a proxy, name it in TRUSTED_PROXIES; else raise the limit, or find out who sends so much.",
  log_unavailable:
    "The disk was full, faulty or too slow. Make room on the disk of METRICS_DATA_DIR; the tracker tries again meanwhile.",
};

/** Explains a reason; a reason of a newer server explains nothing but is still shown. */
export function explainReason(reason: string): string {
  return Object.entries(REASONS).find(([name]) => name === reason)?.[1] ?? "";
}
