/** What the viewers see: camera, screen, or both. */
import { useEffect, useRef, useState } from "react";
import { type Picture, Scene, type ScreenFault } from "../../media/scene";
import { recall, remember } from "../../ui/storage";

/** Names what this tab showed, so that a reload can say what is missing. */
const SHOWN = "picture";

/** Makes one picture and one sound of `devices` and the screen. */
export function useScene(devices: MediaStream | null, cameraOn: boolean) {
  const scene = useRef<Scene | null>(null);
  const [output, setOutput] = useState<MediaStream | null>(null);
  const [picture, setPicture] = useState<Picture>("camera");
  const [fault, setFault] = useState<ScreenFault | null>(null);
  // Browsers give a screen only to a person who presses something: after a reload it must be asked for again.
  const [wasShared, setWasShared] = useState(() => (recall(SHOWN, "tab") ?? "camera") !== "camera");

  useEffect(() => {
    const made = new Scene();
    scene.current = made;
    made.on("output", setOutput);
    made.on("fault", setFault);
    made.on("picture", (shown) => {
      setPicture(shown);
      setWasShared(false);
      remember(SHOWN, shown, "tab");
    });
    return () => {
      scene.current = null;
      made.close();
    };
  }, []);

  useEffect(() => scene.current?.setDevices(devices), [devices]);
  useEffect(() => scene.current?.setCameraOn(cameraOn), [cameraOn]);

  return { output, picture, fault, wasShared, show: (wanted: Picture) => void scene.current?.show(wanted) };
}
