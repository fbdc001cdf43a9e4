/** Under way. */
export function BroadcastPage() {
  return null;
}
