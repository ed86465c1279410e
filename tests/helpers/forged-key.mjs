// Keys that are well-formed, with a good checksum, and unknown.

import { createHash, randomBytes } from "node:crypto";

const base32 = (bytes) => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/g).map((five) => alphabet[Number.parseInt(five, 2)]);
};

/** A key that was never issued, well-formed to the last character: the checksum is no secret. */
export function forgedKey() {
  const payload = `scim-${base32(randomBytes(60)).slice(0, 62).join("")}`;
  return payload + base32(createHash("sha256").update(payload).digest()).slice(0, 7).join("");
}
