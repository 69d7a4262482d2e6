export function rebuilt() {
  return null;
}
