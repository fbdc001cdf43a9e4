/** A horizontal slider. */
import { clsx } from "clsx";
import { Slider as Primitive } from "radix-ui";

interface SliderProps {
  label: string;
  /** What a screen reader says in place of the bare number. */
  valueText?: string;
  value: number;
  max: number;
  step: number;
  /** A second, paler bar, for example what is loaded. */
  secondary?: number;
  onChange: (value: number) => void;
  className?: string;
}

/** Goes from 0 to `max`; drawn in white for use over pictures. */
export function Slider({ label, valueText, value, max, step, secondary = 0, onChange, className }: SliderProps) {
  return (
    <Primitive.Root
      className={clsx("group/slider relative flex h-6 touch-none items-center select-none", className)}
      value={[Math.min(value, max)]}
      max={max}
      step={step}
      onValueChange={([next]) => next !== undefined && onChange(next)}
    >
      <Primitive.Track className="relative h-1 grow overflow-hidden rounded-full bg-white/30 group-hover/slider:h-1.5">
        <div
          className="absolute inset-y-0 left-0 bg-white/35"
          style={{ width: `${Math.min(100, (secondary / max) * 100)}%` }}
        />
        <Primitive.Range className="absolute h-full bg-white" />
      </Primitive.Track>
      <Primitive.Thumb
        aria-label={label}
        aria-valuetext={valueText}
        className="block size-3.5 rounded-full bg-white shadow focus-visible:outline-white"
      />
    </Primitive.Root>
  );
}
