import { z } from "zod";
import { randomNumbers } from "./commands.ts";

const variedImage = z.object({
  type: z.literal("image_url"),
  image_url: z.object({ url: z.string(), detail: z.string().optional() }),
});
export type VariedImage = z.infer<typeof variedImage>;

const variedCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const variedMessage = z.object({
  role: z.string(),
  content: z.union([
    z.string(),
    z.array(z.union([z.object({ type: z.literal("text"), text: z.string() }), variedImage])),
    z.null(),
  ]),
  tool_calls: z.array(variedCall).optional(),
  tool_call_id: z.string().optional(),
});
export type VariedMessage = z.infer<typeof variedMessage>;

const description = z.string().exactOptional();
const textProperty = z.object({ type: z.literal("string"), description, enum: z.array(z.string()).exactOptional() });
const property = z.union([
  textProperty,
  z.object({ type: z.literal("integer"), description }),
  z.object({ type: z.literal("array"), description, items: textProperty }),
]);

const variedTool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.string(),
    parameters: z.object({
      type: z.literal("object"),
      properties: z.record(z.string(), property),
      required: z.array(z.string()),
    }),
  }),
});
type VariedTool = z.infer<typeof variedTool>;

/** What these lines ask for, as a server reads it. */
export const variedBody = z.object({
  model: z.string(),
  messages: z.array(variedMessage),
  tools: z.array(variedTool).optional(),
  max_tokens: z.number().optional(),
});
export type VariedBody = z.infer<typeof variedBody>;

/** Sentences as people write them, of four languages. */
const sentences = [
  [
    "Please summarise the following report in three short paragraphs for a reader who has no background in finance.",
    "Our customers have complained that parcels arrive late, and that nobody answers the phone in the afternoon.",
    "What are the most important differences between the two proposals, and which of them would you recommend?",
    "The committee met on Thursday to discuss the budget, the new library and the repair of the bridge.",
    "Write a friendly reply that apologises for the delay and offers a refund of the shipping costs.",
    "Although the results are promising, further studies are needed before the treatment can be approved.",
    "She opened the window, looked down at the quiet street and wondered what had become of her old neighbours.",
  ],
  [
    "Por favor, resume el siguiente informe en tres párrafos breves para un lector sin conocimientos de finanzas.",
    "Nuestros clientes se quejan de que los paquetes llegan tarde y de que nadie contesta al teléfono por la tarde.",
    "¿Cuáles son las diferencias más importantes entre las dos propuestas y cuál de ellas recomendarías?",
    "El comité se reunió el jueves para hablar del presupuesto, de la nueva biblioteca y de la reparación del puente.",
    "Aunque los resultados son prometedores, hacen falta más estudios antes de que se apruebe el tratamiento.",
    "Abrió la ventana, miró la calle tranquila y se preguntó qué habría sido de sus antiguos vecinos.",
  ],
  [
    "请用三个简短的段落为没有金融背景的读者总结以下报告。",
    "我们的客户抱怨包裹总是迟到，而且下午没有人接电话。",
    "这两个方案之间最重要的区别是什么？你会推荐哪一个？",
    "委员会星期四开会讨论了预算、新图书馆以及桥梁的维修问题。",
    "虽然结果令人鼓舞，但在批准这种治疗方法之前还需要进一步的研究。",
    "她打开窗户，看着安静的街道，想知道她的老邻居们后来怎么样了。",
  ],
  [
    "Пожалуйста, изложите следующий отчёт в трёх коротких абзацах для читателя, который не разбирается в финансах.",
    "Наши клиенты жалуются, что посылки приходят с опозданием и что после обеда никто не отвечает на звонки.",
    "В чём состоят самые важные различия между двумя предложениями и какое из них вы бы посоветовали?",
    "В четверг комитет собрался, чтобы обсудить бюджет, новую библиотеку и ремонт моста.",
    "Хотя результаты обнадёживают, до одобрения лечения необходимы дальнейшие исследования.",
    "Она открыла окно, посмотрела на тихую улицу и задумалась о том, что стало с её прежними соседями.",
  ],
] as const;

const tools: VariedTool["function"][] = [
  {
    name: "get_weather",
    description: "Get the current weather in a given location",
    parameters: {
      type: "object",
      properties: {
        location: { type: "string", description: "The city and state, e.g. San Francisco, CA" },
        unit: { type: "string", enum: ["celsius", "fahrenheit"] },
      },
      required: ["location"],
    },
  },
  {
    name: "search_flights",
    description: "Search for flights between two airports on a date, cheapest first",
    parameters: {
      type: "object",
      properties: {
        from: { type: "string", description: "IATA code of the airport of departure" },
        to: { type: "string", description: "IATA code of the airport of arrival" },
        date: { type: "string", description: "Date in ISO 8601" },
        passengers: { type: "integer" },
      },
      required: ["from", "to", "date"],
    },
  },
  {
    name: "save_note",
    description: "Save a note of the user's.",
    parameters: {
      type: "object",
      properties: { title: { type: "string" }, text: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
      required: ["title"],
    },
  },
];

/** The same lines for the same seed: chats of one to six messages in four languages, one in five with tools, one in ten with an image. */
export function variedLines(count: number, seed: number): { custom_id: string; body: VariedBody }[] {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const text = (language: readonly string[]): string =>
    Array.from({ length: 1 + below(8) }, () => language[below(language.length)]).join(" ");
  return Array.from({ length: count }, (_, at) => {
    const language = sentences[below(sentences.length)] ?? sentences[0];
    const messages: VariedMessage[] = random() < 0.5 ? [{ role: "system", content: text(language) }] : [];
    for (let turns = below(3); turns > 0; turns -= 1)
      messages.push({ role: "user", content: text(language) }, { role: "assistant", content: text(language) });
    const [hasTools, hasImage] = [random() < 0.2, random() < 0.1];
    if (hasTools && random() < 0.5) messages.push(...call(at));
    const question = `${text(language)} (${at})`;
    messages.push({ role: "user", content: hasImage ? [{ type: "text", text: question }, image(below)] : question });
    const offered = tools.slice(0, 1 + below(tools.length)).map((one): VariedTool => ({ type: "function", function: one }));
    const body: VariedBody = {
      model: "gpt-4o",
      messages,
      ...(hasTools && { tools: offered }),
      ...(random() < 0.3 && { max_tokens: 2000 }),
    };
    return { custom_id: `line-${at + 1}`, body };
  });
}

function call(at: number): VariedMessage[] {
  const made = {
    id: `call_${at}`,
    type: "function" as const,
    function: { name: "get_weather", arguments: `{"location":"Boston, MA"}` },
  };
  return [
    { role: "assistant", content: null, tool_calls: [made] },
    { role: "tool", content: `{"temperature":${at % 40},"unit":"celsius"}`, tool_call_id: made.id },
  ];
}

/** A PNG of some size, as far as its header goes, or an address with low detail. */
function image(below: (limit: number) => number): VariedImage {
  if (below(3) === 0) return { type: "image_url", image_url: { url: "https://example.com/image.png", detail: "low" } };
  const header = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0", "latin1");
  header.writeUInt32BE(200 + below(3000), 16);
  header.writeUInt32BE(200 + below(3000), 20);
  const data = Buffer.concat([header, Buffer.alloc(3000, "pixels")]).toString("base64");
  return { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } };
}
