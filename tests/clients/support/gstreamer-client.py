"""GStreamer's `webrtcbin`, the part in which its WHIP and WHEP elements do WebRTC, with HTTP by this script: a WHIP client
(`whip URL KEY`) that shows a test picture and sounds a tone, or a WHEP player (`whep URL`) that decodes. Prints the state of
its connection and what it decoded, four times a second."""

import json
import sys
import threading
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISHER = """
webrtcbin name=peer bundle-policy=max-bundle
videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=30/1 ! openh264enc gop-size=60 bitrate=600000
  ! video/x-h264,profile=constrained-baseline ! h264parse config-interval=-1 ! rtph264pay aggregate-mode=zero-latency
  ! application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000 ! peer.
audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000 ! peer.
"""

PLAYED = {
    "audio": "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
    "video": "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f",
}

DECODERS = {
    "audio": "rtpopusdepay ! opusdec ! fakesink name=end signal-handoffs=true",
    "video": "rtph264depay ! h264parse ! openh264dec ! fakesink name=end signal-handoffs=true",
}


class Client:
    def __init__(self, role: str, url: str, key: str | None = None) -> None:
        self.url, self.key = url, key
        self.counts = {"audio": 0, "video": 0}
        self.has_posted = False
        if role == "whip":
            self.pipeline = Gst.parse_launch(PUBLISHER)
            self.peer = self.pipeline.get_by_name("peer")
            self.peer.connect("on-negotiation-needed", self.negotiate)
        else:
            self.pipeline = Gst.Pipeline.new(None)
            self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.peer.connect("pad-added", self.decode)
            self.pipeline.add(self.peer)
        self.peer.connect("notify::ice-gathering-state", self.gathered)
        self.pipeline.set_state(Gst.State.PLAYING)
        if role == "whep":
            for caps in PLAYED.values():
                direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
                self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
            self.negotiate(self.peer)

    def negotiate(self, peer: Gst.Element) -> None:
        def offered(promise: Gst.Promise) -> None:
            reply = promise.get_reply()  # It owns the offer, so it has to live for as long.
            peer.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(offered))

    def gathered(self, peer: Gst.Element, _property: object) -> None:
        state = peer.get_property("ice-gathering-state")
        if state == GstWebRTC.WebRTCICEGatheringState.COMPLETE and not self.has_posted:
            self.has_posted = True
            threading.Thread(target=self.post, daemon=True).start()

    def post(self) -> None:
        offer = self.peer.get_property("local-description").sdp.as_text()
        headers = {"Content-Type": "application/sdp"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(self.url, offer.encode(), headers, method="POST")
        answer = urllib.request.urlopen(request).read()
        _, message = GstSdp.SDPMessage.new()
        GstSdp.sdp_message_parse_buffer(answer, message)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.peer.emit("set-remote-description", answer, None)

    def decode(self, _peer: Gst.Element, pad: Gst.Pad) -> None:
        media = pad.get_current_caps().get_structure(0).get_value("media")
        decoder = Gst.parse_bin_from_description(DECODERS[media], True)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))
        decoder.get_by_name("end").connect("handoff", self.count, media)

    def count(self, _sink: Gst.Element, _buffer: Gst.Buffer, _pad: Gst.Pad, media: str) -> None:
        self.counts[media] += 1

    def show(self) -> bool:
        state = self.peer.get_property("connection-state").value_nick
        print(json.dumps({"state": state} | self.counts), flush=True)
        return True


Gst.init(None)
client = Client(*sys.argv[1:])
GLib.timeout_add(250, client.show)
GLib.MainLoop().run()
