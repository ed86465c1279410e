import type { components } from "./openapi.ts";

type Schemas = components["schemas"];

export type PersonRef = Schemas["PersonRef"];
export type Person = Schemas["Person"];
export type Right = Schemas["Right"];
export type HeldRight = Schemas["HeldRight"];
export type AccessChange = Schemas["AccessChange"];
export type FeedEvent = Schemas["FeedEvent"];
export type FeedPage = Schemas["FeedPage"];
export type Webhook = Schemas["Webhook"];
export type PersonWithAccess = Schemas["PersonWithAccess"];
export type PeoplePage = Schemas["PeoplePage"];
export type SetupLink = Schemas["SetupLink"];
export type Acknowledged = Schemas["Acknowledged"];
export type Subject = Schemas["Subject"];
export type Action = Schemas["Action"];
export type Resource = Schemas["Resource"];
export type Evaluation = Schemas["Evaluation"];
export type Decision = Schemas["Decision"];
export type Semantic = Schemas["Semantic"];
