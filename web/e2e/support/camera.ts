/**
 * A camera that shows the time, and a microphone that hums and beeps at each whole second.
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

  function camera(width: number): MediaStreamTrack {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = (width * 9) / 16;
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
    volume.gain.value = 0.05;
    const output = context.createMediaStreamDestination();
    tone.connect(volume).connect(output);
    tone.start();
    // The context's clock stands still within a block, and stops when the machine is busy: of the last second, the
    // smallest difference to the wall clock is the true one.
    const differences: number[] = [];
    let second = 0;
    const timer = setInterval(() => {
      if (context.state === "closed") clearInterval(timer);
      const played = context.currentTime * 1000;
      differences.push(performance.timeOrigin + performance.now() - played);
      if (differences.length > 100) differences.shift();
      const wall = Math.min(...differences);
      const next = Math.ceil((wall + played + 30) / 1000);
      if (next === second || differences.length < 50) return;
      second = next;
      const at = next - wall / 1000;
      volume.gain.setValueAtTime(0.6, at);
      volume.gain.setValueAtTime(0.05, at + 0.05);
    }, 10);
    const [track] = output.stream.getAudioTracks();
    if (!track) throw new Error("no track");
    return track;
  }

  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const tracks = [];
    const { width = 0 } = typeof constraints?.video === "object" ? constraints.video : {};
    if (constraints?.video) tracks.push(camera(typeof width === "object" ? (width.exact ?? 1280) : 1280));
    if (constraints?.audio) tracks.push(microphone());
    return new MediaStream(tracks);
  };
}
