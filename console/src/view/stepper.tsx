/** The stages of a session, as steps. */
import type { JSX } from 'preact';
import { allStages, lookOf, type Session, type StageLook } from '../model/session.ts';
import type { Stage } from '../model/stage.ts';
import { humanise } from '../model/words.ts';
import { dollars, whole } from './format.ts';
import { Check, Cross } from './icons.tsx';

const WORDS: Readonly<Record<StageLook, string>> = {
  waiting: 'Waiting',
  running: 'Running…',
  completed: 'Completed',
  failed: 'Failed',
  stopped: 'Stopped',
  unseen: 'Not seen',
  unreached: 'Not reached',
};

/** The eight stages, each with what it took. */
export function Stepper({ session }: { session: Session }): JSX.Element {
  return (
    <ol class="stepper">
      {allStages(session).map((stage) => (
        <Step key={stage.number} stage={stage} look={lookOf(stage, session)} />
      ))}
    </ol>
  );
}

function Step({ stage, look }: { stage: Stage; look: StageLook }): JSX.Element {
  return (
    <li
      class={`step ${look}`}
      data-testid="stage"
      data-number={stage.number}
      data-status={look}
      aria-current={look === 'running' ? 'step' : undefined}
    >
      <span class="node" aria-hidden="true">
        <Sign look={look} number={stage.number} />
      </span>
      <span class="step-words">
        <span class="step-name">{humanise(stage.agentType)}</span>
        <span class="step-facts">{factsOf(stage, look)}</span>
        {stage.attempts > 1 && <span class="step-facts">Attempt {stage.attempts}</span>}
        {stage.error !== null && <span class="step-error">{stage.error}</span>}
      </span>
    </li>
  );
}

function Sign({ look, number }: { look: StageLook; number: number }): JSX.Element {
  if (look === 'completed') return <Check />;
  if (look === 'failed') return <Cross />;
  return <span>{number}</span>;
}

function factsOf(stage: Stage, look: StageLook): JSX.Element | string {
  if (look !== 'completed') return WORDS[look];
  const facts = [
    stage.minutes === null ? null : `${whole(stage.minutes)} min`,
    stage.tokens === null ? null : `${whole(stage.tokens)} tokens`,
    stage.costUsd === null ? null : dollars(stage.costUsd),
  ].filter((fact) => fact !== null);
  return (
    <>
      <span class="visually-hidden">Completed: </span>
      {facts.map((fact) => (
        <span key={fact} class="fact">
          {fact}
        </span>
      ))}
    </>
  );
}
