"""aiortc as a WHIP client (`whip URL KEY CLIP`) or a WHEP player (`whep URL`); prints what it decoded, once a second."""

import asyncio
import json
import sys
import urllib.request
from array import array

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer


async def exchange(peer: RTCPeerConnection, url: str, key: str | None) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    headers = {"Content-Type": "application/sdp"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, peer.localDescription.sdp.encode(), headers, method="POST")
    answer = await asyncio.to_thread(lambda: urllib.request.urlopen(request).read().decode())
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))


async def main(role: str, url: str, key: str | None = None, clip: str | None = None) -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    counts = {"audio": 0, "video": 0, "loud": 0}

    async def count(track) -> None:
        while True:
            frame = await track.recv()
            counts[track.kind] += 1
            if track.kind == "audio":
                counts["loud"] += int(max(array("h", bytes(frame.planes[0]))) > 500)

    if role == "whip":
        player = MediaPlayer(clip, loop=True)
        peer.addTrack(player.audio)
        peer.addTrack(player.video)
    else:
        peer.on("track", lambda track: asyncio.ensure_future(count(track)))
        peer.addTransceiver("audio", direction="recvonly")
        peer.addTransceiver("video", direction="recvonly")
    await exchange(peer, url, key)
    while True:
        await asyncio.sleep(1)
        print(json.dumps(counts), flush=True)


asyncio.run(main(*sys.argv[1:]))
