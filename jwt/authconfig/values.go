package authconfig

import (
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/authnchain/authnchain/internal/expressions"
	"github.com/authnchain/authnchain/jwt"
)

var claimsType = expressions.ObjectType("kubernetes.claims")

// claimsValue is the variable "claims". A claim is decoded when an expression
// first looks at it.
func claimsValue(c jwt.Claims) traits.Mapper {
	return expressions.NewObject(claimsType, slices.AppendSeq(make([]string, 0, c.Len()), c.Names()), func(name string) ref.Val {
		v, err := c.Value(name)
		if err != nil {
			return types.WrapErr(err)
		}
		return expressions.ToCEL(v)
	})
}
