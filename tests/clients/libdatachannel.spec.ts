/** libdatachannel, OBS's stack: one encoding, simulcast by rids as OBS offers it, and as a player. */
import { play, plays } from "./support/browser-peer";
import { Player, Publisher } from "./support/libdatachannel";
import { expect, test } from "./support/test";

for (const [title, rids] of [
  ["one encoding", []],
  ["three encodings", ["2", "1", "0"]],
] as const) {
  test(`libdatachannel publishes ${title}; Chromium and libdatachannel play it`, async ({ plan, visit }) => {
    const { whip, key, whep } = await plan(`libdatachannel, ${title}`);
    const publisher = await Publisher.publish(whip, key, [...rids]);
    for (const rid of rids) expect(publisher.answer).toContain(`a=rid:${rid} recv`);
    const viewer = await visit();
    await play(viewer, whep);
    await plays(viewer, "H264");

    const player = await Player.play(whep);
    await expect.poll(() => player.pictures, { timeout: 15_000 }).toBeGreaterThan(60);
    expect(player.heard).toBeGreaterThan(60);
    expect(player.gaps).toBe(0);
    player.close();
    publisher.close();
  });
}
