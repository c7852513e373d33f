package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// budget: what a campaign has spent in a period. An ask is granted, whole, where the limits hold it, and refused where
// they do not. One that is held out spends nothing, and is granted where one that spends would be. Each ask has the
// limits of the policy that decided it. No money comes back (docs/policies.md#budgets).

type budgetState struct {
	triggers int
	amountE4 int64
}

// budgetInput: Triggers and LimitE4 are the limits; nil: none.
type budgetInput struct {
	ID       string
	AmountE4 int64 `json:"amount_e4"`
	Spends   bool
	Triggers *int
	LimitE4  *int64 `json:"limit_e4"`
}

// budgetOutput has the amount of each trigger with this id that came out: none where it was refused.
type budgetOutput struct {
	GrantedE4 []int64 `json:"granted_e4"`
}

var budget = kind{
	decode: decoder[budgetInput, budgetOutput](),
	model: porcupine.Model{
		Init:              func() any { return budgetState{} },
		Step:              budgetStep,
		DescribeOperation: describeBudget,
		DescribeState: func(state any) string {
			spent := state.(budgetState)
			return fmt.Sprintf("spent: %d triggers, %d", spent.triggers, spent.amountE4)
		},
	},
}

func budgetStep(before, input, output any) (bool, any) {
	state, ask := before.(budgetState), input.(budgetInput)
	after := budgetState{state.triggers + 1, state.amountE4 + ask.AmountE4}
	holds := (ask.Triggers == nil || after.triggers <= *ask.Triggers) && (ask.LimitE4 == nil || after.amountE4 <= *ask.LimitE4)
	if output != nil && !fits(ask, output.(budgetOutput).GrantedE4, holds) {
		return false, state
	}
	if holds && ask.Spends {
		return true, after
	}
	return true, state
}

// fits says whether what came out is one trigger of this amount, where the budget holds it, and nothing where not.
func fits(ask budgetInput, granted []int64, holds bool) bool {
	if !holds {
		return len(granted) == 0
	}
	return len(granted) == 1 && granted[0] == ask.AmountE4
}

func describeBudget(input, output any) string {
	ask, said := input.(budgetInput), "end not seen"
	if out, seen := output.(budgetOutput); seen {
		said = "refused"
		if len(out.GrantedE4) > 0 {
			said = fmt.Sprintf("granted %v", out.GrantedE4)
		}
	}
	of := ""
	if ask.Triggers != nil {
		of += fmt.Sprintf(" of %d triggers", *ask.Triggers)
	}
	if ask.LimitE4 != nil {
		of += fmt.Sprintf(" of %d", *ask.LimitE4)
	}
	if !ask.Spends {
		of += ", held out"
	}
	return fmt.Sprintf("%s asks for %d%s: %s", ask.ID, ask.AmountE4, of, said)
}
