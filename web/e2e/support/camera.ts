/**
 * A camera that shows the time, and a microphone that hums.
 *
 * Runs inside the page (Playwright carries the function there as text, so it may use nothing from outside itself). It
 * replaces `getUserMedia` by a canvas on which the present time, in milliseconds since 1970, is drawn as a barcode of 48
 * bits, three rows of 16, black and white, with a fourth row that holds the inverse of the third as a check.
 */
export function installCamera(): void {
  const columns = 16;
  const rows = 4;

  function draw(context: CanvasRenderingContext2D, width: number, height: number): void {
    const now = Math.round(performance.timeOrigin + performance.now());
    const bits = now.toString(2).padStart(48, "0");
    context.fillStyle = "#24405e";
    context.fillRect(0, 0, width, height);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const bit = bits[(row === 3 ? 2 : row) * columns + column] === "1";
        context.fillStyle = bit !== (row === 3) ? "#fff" : "#000";
        context.fillRect((column * width) / columns, (row * height) / 8, width / columns, height / 8);
      }
    }
    context.fillStyle = "#fbbf24";
    context.font = `bold ${height / 8}px sans-serif`;
    context.fillText(new Date(now).toISOString().slice(11, 22), width / 16, height * 0.75);
    context.fillRect(((now % 2000) / 2000) * width, height * 0.9, width / 16, height / 16);
  }

  function camera(): MediaStreamTrack {
    const canvas = document.createElement("canvas");
    canvas.width = 1280;
    canvas.height = 720;
    const context = canvas.getContext("2d");
    if (!context) throw new Error("no canvas");
    const [track] = canvas.captureStream(0).getVideoTracks();
    if (!(track instanceof CanvasCaptureMediaStreamTrack)) throw new Error("no track");
    const timer = setInterval(() => {
      if (track.readyState === "ended") clearInterval(timer);
      draw(context, canvas.width, canvas.height);
      track.requestFrame();
    }, 1000 / 30);
    return track;
  }

  function microphone(): MediaStreamTrack {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const volume = context.createGain();
    volume.gain.value = 0.3;
    const output = context.createMediaStreamDestination();
    tone.connect(volume).connect(output);
    tone.start();
    const [track] = output.stream.getAudioTracks();
    if (!track) throw new Error("no track");
    return track;
  }

  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const tracks = [];
    if (constraints?.video) tracks.push(camera());
    if (constraints?.audio) tracks.push(microphone());
    return new MediaStream(tracks);
  };
}
