// Base64, deflated: the length of the JSON, the JSON, and the buffers that it points to.
export async function decode(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const { sizes, data } = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const starts = [];
  let at = 4 + length;
  at += -at & 7;
  for (const size of sizes) {
    starts.push(at);
    at += size + (-size & 7);
  }
  const kinds = { f8: Float64Array, i4: Int32Array, u1: Uint8Array };
  const revived = (value) => {
    if (Array.isArray(value)) return value.map(revived);
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value.$)) {
      const [k, kind] = value.$;
      return new kinds[kind](bytes, starts[k], sizes[k] / kinds[kind].BYTES_PER_ELEMENT);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revived(item)]));
  };
  return revived(data);
}
