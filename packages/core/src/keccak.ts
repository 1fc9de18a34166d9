const RATE = 136;

/** FIPS 202, algorithm 5: the round constants from a linear feedback shift register, high and low halves by turns. */
function roundConstants(): Int32Array {
  const halves = new Int32Array(48);
  let register = 1;
  for (let round = 0; round < 24; round++) {
    for (let j = 0; j < 7; j++) {
      const bit = 2 ** j - 1;
      if ((register & 1) === 1) halves[2 * round + (bit < 32 ? 1 : 0)]! |= 1 << (bit % 32);
      register = (register << 1) ^ ((register >> 7) * 0x171);
    }
  }
  return halves;
}

const ROUND_CONSTANTS = roundConstants();

/**
 * Keccak-256 with the original padding (the Keccak submission, version 3; FIPS 202 section 3.2 names the steps).
 * The state lives in local variables, 32-bit halves h and l of the 25 lanes: three times as fast as a loop over an
 * array, and a voucher check hashes twice. Not for secrets.
 */
// biome-ignore format: one lane a line
export function keccak256(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
  padded.set(message);
  padded[message.length] = 0x01;
  padded[padded.length - 1]! |= 0x80;
  const view = new DataView(padded.buffer);

  let h0 = 0, l0 = 0, h1 = 0, l1 = 0, h2 = 0, l2 = 0, h3 = 0, l3 = 0, h4 = 0, l4 = 0;
  let h5 = 0, l5 = 0, h6 = 0, l6 = 0, h7 = 0, l7 = 0, h8 = 0, l8 = 0, h9 = 0, l9 = 0;
  let h10 = 0, l10 = 0, h11 = 0, l11 = 0, h12 = 0, l12 = 0, h13 = 0, l13 = 0, h14 = 0, l14 = 0;
  let h15 = 0, l15 = 0, h16 = 0, l16 = 0, h17 = 0, l17 = 0, h18 = 0, l18 = 0, h19 = 0, l19 = 0;
  let h20 = 0, l20 = 0, h21 = 0, l21 = 0, h22 = 0, l22 = 0, h23 = 0, l23 = 0, h24 = 0, l24 = 0;
  for (let at = 0; at < padded.length; at += RATE) {
    l0 ^= view.getInt32(at, true); h0 ^= view.getInt32(at + 4, true);
    l1 ^= view.getInt32(at + 8, true); h1 ^= view.getInt32(at + 12, true);
    l2 ^= view.getInt32(at + 16, true); h2 ^= view.getInt32(at + 20, true);
    l3 ^= view.getInt32(at + 24, true); h3 ^= view.getInt32(at + 28, true);
    l4 ^= view.getInt32(at + 32, true); h4 ^= view.getInt32(at + 36, true);
    l5 ^= view.getInt32(at + 40, true); h5 ^= view.getInt32(at + 44, true);
    l6 ^= view.getInt32(at + 48, true); h6 ^= view.getInt32(at + 52, true);
    l7 ^= view.getInt32(at + 56, true); h7 ^= view.getInt32(at + 60, true);
    l8 ^= view.getInt32(at + 64, true); h8 ^= view.getInt32(at + 68, true);
    l9 ^= view.getInt32(at + 72, true); h9 ^= view.getInt32(at + 76, true);
    l10 ^= view.getInt32(at + 80, true); h10 ^= view.getInt32(at + 84, true);
    l11 ^= view.getInt32(at + 88, true); h11 ^= view.getInt32(at + 92, true);
    l12 ^= view.getInt32(at + 96, true); h12 ^= view.getInt32(at + 100, true);
    l13 ^= view.getInt32(at + 104, true); h13 ^= view.getInt32(at + 108, true);
    l14 ^= view.getInt32(at + 112, true); h14 ^= view.getInt32(at + 116, true);
    l15 ^= view.getInt32(at + 120, true); h15 ^= view.getInt32(at + 124, true);
    l16 ^= view.getInt32(at + 128, true); h16 ^= view.getInt32(at + 132, true);
    for (let round = 0; round < 48; round += 2) {
      let t = 0, u = 0;
      // Theta: column parities, then what every lane of a column is combined with.
      const c0h = h0 ^ h5 ^ h10 ^ h15 ^ h20, c0l = l0 ^ l5 ^ l10 ^ l15 ^ l20;
      const c1h = h1 ^ h6 ^ h11 ^ h16 ^ h21, c1l = l1 ^ l6 ^ l11 ^ l16 ^ l21;
      const c2h = h2 ^ h7 ^ h12 ^ h17 ^ h22, c2l = l2 ^ l7 ^ l12 ^ l17 ^ l22;
      const c3h = h3 ^ h8 ^ h13 ^ h18 ^ h23, c3l = l3 ^ l8 ^ l13 ^ l18 ^ l23;
      const c4h = h4 ^ h9 ^ h14 ^ h19 ^ h24, c4l = l4 ^ l9 ^ l14 ^ l19 ^ l24;
      const d0h = c4h ^ ((c1h << 1) | (c1l >>> 31)), d0l = c4l ^ ((c1l << 1) | (c1h >>> 31));
      const d1h = c0h ^ ((c2h << 1) | (c2l >>> 31)), d1l = c0l ^ ((c2l << 1) | (c2h >>> 31));
      const d2h = c1h ^ ((c3h << 1) | (c3l >>> 31)), d2l = c1l ^ ((c3l << 1) | (c3h >>> 31));
      const d3h = c2h ^ ((c4h << 1) | (c4l >>> 31)), d3l = c2l ^ ((c4l << 1) | (c4h >>> 31));
      const d4h = c3h ^ ((c0h << 1) | (c0l >>> 31)), d4l = c3l ^ ((c0l << 1) | (c0h >>> 31));
      // Rho and pi: lane i turns and moves.
      const p0 = h0 ^ d0h, q0 = l0 ^ d0l;
      t = h1 ^ d1h; u = l1 ^ d1l; const p10 = (t << 1) | (u >>> 31), q10 = (u << 1) | (t >>> 31);
      t = h2 ^ d2h; u = l2 ^ d2l; const p20 = (u << 30) | (t >>> 2), q20 = (t << 30) | (u >>> 2);
      t = h3 ^ d3h; u = l3 ^ d3l; const p5 = (t << 28) | (u >>> 4), q5 = (u << 28) | (t >>> 4);
      t = h4 ^ d4h; u = l4 ^ d4l; const p15 = (t << 27) | (u >>> 5), q15 = (u << 27) | (t >>> 5);
      t = h5 ^ d0h; u = l5 ^ d0l; const p16 = (u << 4) | (t >>> 28), q16 = (t << 4) | (u >>> 28);
      t = h6 ^ d1h; u = l6 ^ d1l; const p1 = (u << 12) | (t >>> 20), q1 = (t << 12) | (u >>> 20);
      t = h7 ^ d2h; u = l7 ^ d2l; const p11 = (t << 6) | (u >>> 26), q11 = (u << 6) | (t >>> 26);
      t = h8 ^ d3h; u = l8 ^ d3l; const p21 = (u << 23) | (t >>> 9), q21 = (t << 23) | (u >>> 9);
      t = h9 ^ d4h; u = l9 ^ d4l; const p6 = (t << 20) | (u >>> 12), q6 = (u << 20) | (t >>> 12);
      t = h10 ^ d0h; u = l10 ^ d0l; const p7 = (t << 3) | (u >>> 29), q7 = (u << 3) | (t >>> 29);
      t = h11 ^ d1h; u = l11 ^ d1l; const p17 = (t << 10) | (u >>> 22), q17 = (u << 10) | (t >>> 22);
      t = h12 ^ d2h; u = l12 ^ d2l; const p2 = (u << 11) | (t >>> 21), q2 = (t << 11) | (u >>> 21);
      t = h13 ^ d3h; u = l13 ^ d3l; const p12 = (t << 25) | (u >>> 7), q12 = (u << 25) | (t >>> 7);
      t = h14 ^ d4h; u = l14 ^ d4l; const p22 = (u << 7) | (t >>> 25), q22 = (t << 7) | (u >>> 25);
      t = h15 ^ d0h; u = l15 ^ d0l; const p23 = (u << 9) | (t >>> 23), q23 = (t << 9) | (u >>> 23);
      t = h16 ^ d1h; u = l16 ^ d1l; const p8 = (u << 13) | (t >>> 19), q8 = (t << 13) | (u >>> 19);
      t = h17 ^ d2h; u = l17 ^ d2l; const p18 = (t << 15) | (u >>> 17), q18 = (u << 15) | (t >>> 17);
      t = h18 ^ d3h; u = l18 ^ d3l; const p3 = (t << 21) | (u >>> 11), q3 = (u << 21) | (t >>> 11);
      t = h19 ^ d4h; u = l19 ^ d4l; const p13 = (t << 8) | (u >>> 24), q13 = (u << 8) | (t >>> 24);
      t = h20 ^ d0h; u = l20 ^ d0l; const p14 = (t << 18) | (u >>> 14), q14 = (u << 18) | (t >>> 14);
      t = h21 ^ d1h; u = l21 ^ d1l; const p24 = (t << 2) | (u >>> 30), q24 = (u << 2) | (t >>> 30);
      t = h22 ^ d2h; u = l22 ^ d2l; const p9 = (u << 29) | (t >>> 3), q9 = (t << 29) | (u >>> 3);
      t = h23 ^ d3h; u = l23 ^ d3l; const p19 = (u << 24) | (t >>> 8), q19 = (t << 24) | (u >>> 8);
      t = h24 ^ d4h; u = l24 ^ d4l; const p4 = (t << 14) | (u >>> 18), q4 = (u << 14) | (t >>> 18);
      // Chi, with iota in the first lane.
      h0 = p0 ^ (~p1 & p2) ^ ROUND_CONSTANTS[round]!; l0 = q0 ^ (~q1 & q2) ^ ROUND_CONSTANTS[round + 1]!;
      h1 = p1 ^ (~p2 & p3); l1 = q1 ^ (~q2 & q3);
      h2 = p2 ^ (~p3 & p4); l2 = q2 ^ (~q3 & q4);
      h3 = p3 ^ (~p4 & p0); l3 = q3 ^ (~q4 & q0);
      h4 = p4 ^ (~p0 & p1); l4 = q4 ^ (~q0 & q1);
      h5 = p5 ^ (~p6 & p7); l5 = q5 ^ (~q6 & q7);
      h6 = p6 ^ (~p7 & p8); l6 = q6 ^ (~q7 & q8);
      h7 = p7 ^ (~p8 & p9); l7 = q7 ^ (~q8 & q9);
      h8 = p8 ^ (~p9 & p5); l8 = q8 ^ (~q9 & q5);
      h9 = p9 ^ (~p5 & p6); l9 = q9 ^ (~q5 & q6);
      h10 = p10 ^ (~p11 & p12); l10 = q10 ^ (~q11 & q12);
      h11 = p11 ^ (~p12 & p13); l11 = q11 ^ (~q12 & q13);
      h12 = p12 ^ (~p13 & p14); l12 = q12 ^ (~q13 & q14);
      h13 = p13 ^ (~p14 & p10); l13 = q13 ^ (~q14 & q10);
      h14 = p14 ^ (~p10 & p11); l14 = q14 ^ (~q10 & q11);
      h15 = p15 ^ (~p16 & p17); l15 = q15 ^ (~q16 & q17);
      h16 = p16 ^ (~p17 & p18); l16 = q16 ^ (~q17 & q18);
      h17 = p17 ^ (~p18 & p19); l17 = q17 ^ (~q18 & q19);
      h18 = p18 ^ (~p19 & p15); l18 = q18 ^ (~q19 & q15);
      h19 = p19 ^ (~p15 & p16); l19 = q19 ^ (~q15 & q16);
      h20 = p20 ^ (~p21 & p22); l20 = q20 ^ (~q21 & q22);
      h21 = p21 ^ (~p22 & p23); l21 = q21 ^ (~q22 & q23);
      h22 = p22 ^ (~p23 & p24); l22 = q22 ^ (~q23 & q24);
      h23 = p23 ^ (~p24 & p20); l23 = q23 ^ (~q24 & q20);
      h24 = p24 ^ (~p20 & p21); l24 = q24 ^ (~q20 & q21);
    }
  }

  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  out.setInt32(0, l0, true); out.setInt32(4, h0, true); out.setInt32(8, l1, true); out.setInt32(12, h1, true);
  out.setInt32(16, l2, true); out.setInt32(20, h2, true); out.setInt32(24, l3, true); out.setInt32(28, h3, true);
  return digest;
}
