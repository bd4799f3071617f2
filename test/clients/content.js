/** What all clients ask. The last word of a question is its topic, by which the upstream chooses its answer. */
export const question = (topic) => `Tell me: ${topic}`;

export const schema = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};

export const tool = { name: "weather", description: "The weather of a city" };

/** A red pixel. */
export const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
export const pixelUrl = `data:image/png;base64,${pixel}`;

export async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}
