/** Under way. */
export function WatchPage() {
  return null;
}
