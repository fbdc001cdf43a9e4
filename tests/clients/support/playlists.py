"""Reads a master playlist and all that it names with the package `m3u8`; prints what `playlists.ts` describes. Standard input
has a JSON object of their texts by address, the master playlist first."""

import json
import sys

import m3u8


texts: dict[str, str] = json.load(sys.stdin)


def media(uri: str) -> dict:
    playlist = m3u8.loads(texts[uri], uri=uri)
    return {
        "uri": uri,
        "kind": playlist.playlist_type.upper(),
        "ended": playlist.is_endlist,
        "independent": playlist.is_independent_segments,
        "targetSeconds": playlist.target_duration,
        "firstNumber": playlist.media_sequence or 0,
        "segments": [
            {
                "uri": segment.absolute_uri,
                "map": segment.init_section.absolute_uri,
                "seconds": segment.duration,
                "breaks": segment.discontinuity,
                "at": round(segment.program_date_time.timestamp() * 1000),
            }
            for segment in playlist.segments
        ],
    }


def master(uri: str) -> dict:
    playlist = m3u8.loads(texts[uri], uri=uri)
    variants = []
    for variant in playlist.playlists:
        info = variant.stream_info
        width, height = info.resolution or (0, 0)
        variants.append(
            {
                "uri": variant.absolute_uri,
                "bps": info.bandwidth,
                "averageBps": info.average_bandwidth,
                "codecs": info.codecs,
                "width": width,
                "height": height,
                "framesPerSecond": info.frame_rate or 0,
                "audio": info.audio,
            }
        )
    sounds = [
        {"group": sound.group_id, "uri": sound.absolute_uri, "isDefault": sound.default == "YES"}
        for sound in playlist.media
        if sound.type == "AUDIO"
    ]
    uris = dict.fromkeys([each["uri"] for each in variants] + [each["uri"] for each in sounds])
    return {"variants": variants, "sounds": sounds, "media": [media(each) for each in uris]}


print(json.dumps(master(next(iter(texts)))))
