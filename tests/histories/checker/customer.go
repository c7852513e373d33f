package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// customer: a register of what is known of a customer. Each write brings other assets, and the tier that the table
// gives for them; where that is another tier, the sequence goes on by one. A read is the newest write.

// customerState is also what a read gives; all zero where there is no such customer.
type customerState struct {
	Sequence int
	Tier     string
	AssetsE4 int64 `json:"assets_e4"`
}

// customerInput: Write is nil for a read.
type customerInput struct {
	Write *struct {
		Tier     string
		AssetsE4 int64 `json:"assets_e4"`
	}
}

// customerOutput: of a read, all fields; of a write Sequence alone: the number of the change it made, 0 where the tier
// stayed.
type customerOutput = customerState

var customer = kind{
	decode: decoder[customerInput, customerOutput](),
	model: porcupine.Model{
		Init:              func() any { return customerState{} },
		Step:              customerStep,
		DescribeOperation: describeCustomer,
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	},
}

func customerStep(before, input, output any) (bool, any) {
	state, write := before.(customerState), input.(customerInput).Write
	if write == nil {
		return output == nil || output == state, state
	}
	var changed int
	if write.Tier != state.Tier {
		state.Sequence++
		changed = state.Sequence
	}
	state.Tier, state.AssetsE4 = write.Tier, write.AssetsE4
	return output == nil || output.(customerOutput).Sequence == changed, state
}

func describeCustomer(input, output any) string {
	write := input.(customerInput).Write
	switch out, seen := output.(customerOutput); {
	case write == nil:
		return fmt.Sprintf("read: %+v", output)
	case !seen:
		return fmt.Sprintf("write %s, %d: end not seen", write.Tier, write.AssetsE4)
	default:
		return fmt.Sprintf("write %s, %d: change %d", write.Tier, write.AssetsE4, out.Sequence)
	}
}
