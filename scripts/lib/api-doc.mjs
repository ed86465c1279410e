// docs/api.md, rendered from the OpenAPI document of the administrators' API.

const WIDTH = 120;

const HEAD = `# The administrators' API

Scripts can do all that the console's pages do. This page is made from the OpenAPI document that a deployment serves at
\`/console/api/openapi.json\`; \`UPDATE=1 npm test -- tests/docs/api.test.mjs\` renews it. Paths begin with
\`/console/api\`. Callers send \`Authorization: Bearer <ADMIN_TOKEN>\`; browsers have a session, or an assertion of
Cloudflare Access:

    curl -H 'Authorization: Bearer <ADMIN_TOKEN>' https://<your Worker>/console/api/organizations

`;

/** The text of docs/api.md. */
export function renderApi(api) {
  const calls = Object.entries(api.paths).flatMap(([path, item]) =>
    ["get", "post", "put", "patch", "delete"]
      .filter((method) => method in item)
      .map((method) => ({ method: method.toUpperCase(), path, shared: item.parameters ?? [], ...item[method] })),
  );
  const sections = api.tags.map(({ name, description }) => [
    `## ${name}`,
    wrap(description),
    ...calls.filter(({ tags }) => tags[0] === name).map((call) => renderCall(api, call)),
  ]);
  const lead = [HEAD.trimEnd(), wrap(api.info.description), common(api)];
  return `${[...lead, ...sections.flat(), errors(api), types(api)].join("\n\n")}\n`;
}

/** The parameters that several calls have. */
function common(api) {
  const rows = Object.values(api.components.parameters).map(parameter);
  return table(["parameter", "in", "type", "what"], rows);
}

const parameter = ({ name, in: place, description, schema }) => [
  `\`${name}\``,
  place,
  type(schema),
  description ?? schema.description ?? "",
];

function renderCall(api, call) {
  const parts = [`### \`${call.method} ${call.path}\``, wrap(sentence(call.summary))];
  if (call.description) parts.push(wrap(call.description));
  const own = [...call.shared, ...(call.parameters ?? [])].filter(({ $ref }) => !$ref);
  if (own.length > 0) parts.push(table(["parameter", "in", "type", "what"], own.map(parameter)));
  const body = call.requestBody && resolve(api, call.requestBody);
  const answers = Object.entries(call.responses).map(([status, answer]) => [status, resolve(api, answer)]);
  const bad = answers.filter(([status]) => status >= 400).map(([status]) => status);
  const lines = [
    ...(body ? [`- Body: ${type(schemaOf(body))}`] : []),
    ...answers
      .filter(([status]) => status < 400)
      .map(([status, answer]) => `- ${status}: ${answer.description} ${answer.content ? type(schemaOf(answer)) : ""}`),
    ...(bad.length > 0 ? [`- [Errors](#errors): ${bad.join(", ")}`] : []),
  ];
  return [...parts, lines.map((line) => wrap(line.trim(), "  ")).join("\n")].join("\n\n");
}

function errors(api) {
  const seen = new Map();
  for (const item of Object.values(api.paths)) {
    for (const { responses } of Object.values(item).filter((call) => call.responses)) {
      for (const [status, answer] of Object.entries(responses).filter(([status]) => status >= 400)) {
        const { description } = resolve(api, answer);
        seen.set(status, (seen.get(status) ?? new Set()).add(description));
      }
    }
  }
  const rows = [...seen]
    .sort()
    .flatMap(([status, descriptions]) => [...descriptions].map((description) => [status, description]));
  return `## Errors\n\nThe body of each is a ${type({ $ref: "/Problem" })}.\n\n${table(["status", "when"], rows)}`;
}

function types(api) {
  const all = Object.entries(api.components.schemas).map(([name, schema]) => {
    const parts = [`### ${name}`];
    if (schema.description) parts.push(wrap(schema.description));
    if (name === "Event") return [...parts, "[events.md](events.md) lists them all."].join("\n\n");
    if (schema.enum) parts.push(wrap(schema.enum.map((value) => `\`${value}\``).join(", ")));
    else if (schema.properties) parts.push(fields(schema));
    else if (schema.oneOf || schema.allOf) parts.push(variants(schema));
    else parts.push(wrap(type(schema)));
    return parts.join("\n\n");
  });
  return `## Types\n\n${all.join("\n\n")}`;
}

/** A schema of several variants, or of several parts: the name of each, or its fields. */
function variants(schema) {
  const [all, word] = schema.oneOf ? [schema.oneOf, "Or"] : [schema.allOf, "And"];
  return all
    .map((one, index) => {
      const lead = index > 0 ? `${word}: ` : "";
      if (!one.properties) return wrap(`${lead}${type(one)}${one.description ? `: ${one.description}` : ""}`);
      return [wrap(`${lead}${one.description ?? "an object"}`), fields(one)].join("\n\n");
    })
    .join("\n\n");
}

function fields(schema) {
  const rows = Object.entries(schema.properties).map(([name, field]) => [
    `\`${name}\`${schema.required?.includes(name) ? "" : " (optional)"}`,
    type(field),
    field.description ?? "",
  ]);
  return rows.length > 0 ? table(["field", "type", "what"], rows) : "No fields.";
}

/** What a value is, in words. */
function type(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.oneOf) return schema.oneOf.map(type).join(" or ");
  if (schema.allOf) return schema.allOf.map(type).join(" and ");
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  const kinds = [schema.type ?? "any value"].flat();
  const words = kinds.map((kind) => {
    if (kind === "array") return `list of ${type(schema.items)}`;
    if (kind === "object" && schema.additionalProperties?.type) return `object of ${type(schema.additionalProperties)}`;
    return kind === "string" && schema.format ? schema.format : kind;
  });
  const bounds = [
    schema.minimum !== undefined && schema.minimum !== 0 && `from ${schema.minimum}`,
    schema.maximum !== undefined && `to ${schema.maximum}`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.maxItems !== undefined && `at most ${schema.maxItems}`,
  ].filter(Boolean);
  return [words.join(" or "), ...bounds].join(", ");
}

function resolve(api, { $ref, ...rest }) {
  if (!$ref) return rest;
  return $ref
    .slice(2)
    .split("/")
    .reduce((at, name) => at[name], api);
}

const schemaOf = ({ content }) => Object.values(content)[0].schema;
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The text in lines of at most WIDTH columns, all but the first indented. */
function wrap(text, indent = "") {
  const [first, ...words] = text.split(/\s+/);
  const lines = [first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}
