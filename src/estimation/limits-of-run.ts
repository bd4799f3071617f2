import { describeRateLimit, type LimitUnit, minuteMs, type RateLimit } from "../model/rate-limit.ts";
import { addRanges, mapRange, nothing, type Range } from "./estimate.ts";
import type { ModelEstimate } from "./model-estimate.ts";
import type { TimeLimit } from "./time.ts";

/** Up to a minute a limit is a pace, of which a second's worth of tokens may be used at once; beyond that it may all be used at once. */
const secondsAtOnce = 1;

const namesPerMinute: Readonly<Record<LimitUnit, string>> = {
  requests: "rpm",
  tokens: "tpm",
  "input-tokens": "itpm",
  "output-tokens": "otpm",
};

/** The limits that are set: those of the run, and those of each target, of which equal ones share the work. */
export function limitsOfRun(limits: readonly RateLimit[], of: readonly ModelEstimate[]): TimeLimit[] {
  const ofRun = limits.map((limit) => timeLimit(limit, of, 1));
  const targets = new Map(of.map((model) => [model.targets[0]?.limits, model.targets]));
  const ofTargets = [...targets].flatMap(([own, beside]) => {
    const models = of.filter((model) => model.targets[0]?.limits === own);
    const equals = beside.filter(({ limits: others }) => others === own).length;
    return (own ?? []).map((limit) => timeLimit(limit, models, equals));
  });
  return [...ofRun, ...ofTargets];
}

function timeLimit(limit: RateLimit, models: readonly ModelEstimate[], targets: number): TimeLimit {
  const { unit, amount, periodMs, burst, model } = limit;
  const counted = models.filter((one) => model === undefined || one.model.model === model);
  const perSecond = (amount * targets * 1000) / periodMs;
  const isPace = periodMs <= minuteMs;
  const ofMoment = unit === "requests" ? targets : Math.min(amount * targets, perSecond * secondsAtOnce);
  return {
    name: periodMs === minuteMs ? namesPerMinute[unit] : describeRateLimit(limit),
    perSecond,
    atOnce: burst === undefined ? (isPace ? ofMoment : amount * targets) : burst * targets,
    need: counted.map((one) => needOf(one, unit)).reduce(addRanges, nothing),
  };
}

function needOf(model: ModelEstimate, unit: LimitUnit): Range {
  if (unit === "requests") return mapRange(nothing, () => model.requests);
  if (unit === "output-tokens") return model.outputTokens;
  const isInputOnly = unit === "input-tokens" || model.counting === "input";
  return isInputOnly ? model.inputTokens : addRanges(model.inputTokens, model.outputTokens);
}
