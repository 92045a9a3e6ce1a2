package authconfig

import (
	"regexp/syntax"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// linear are the functions that take no longer than a look at what they are given,
// once. Between two of them an evaluation notices that it is to stop.
var linear = map[string]bool{
	"_==_": true, "_!=_": true, "_<_": true, "_<=_": true, "_>_": true, "_>=_": true, "_&&_": true, "_||_": true, "!_": true, "_?_:_": true,
	"_+_": true, "_-_": true, "_*_": true, "_/_": true, "_%_": true, "-_": true, "@in": true, "_[_]": true, "@not_strictly_false": true,
	"_?._": true, "_[?_]": true, "or": true, "orValue": true, "value": true, "hasValue": true, "optional.of": true, "optional.none": true, "optional.ofNonZeroValue": true,
	"size": true, "startsWith": true, "endsWith": true, "contains": true, "split": true, "trim": true, "lowerAscii": true, "upperAscii": true,
	"string": true, "int": true, "uint": true, "double": true, "bool": true, "type": true, "dyn": true,
}

// isLinear reports whether an expression calls such functions alone. With
// shortTexts, as tokens of the usual size have, a small regular expression is one.
func isLinear(checked *cel.Ast, shortTexts bool) bool {
	all := true
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		all = all && (linear[call.FunctionName()] || shortTexts && matchesSmall(call))
	}))
	return all
}

// maxInstructions is how long the program of a small regular expression is. It
// takes a millisecond or so for a text of 16 kB, and never more than in proportion.
const maxInstructions = 100

// matchesSmall reports whether a call matches a text with a regular expression that
// is small, and known.
func matchesSmall(call ast.CallExpr) bool {
	if call.FunctionName() != "matches" || len(call.Args()) == 0 {
		return false
	}
	pattern := call.Args()[len(call.Args())-1]
	if pattern.Kind() != ast.LiteralKind {
		return false
	}
	text, ok := pattern.AsLiteral().(types.String)
	if !ok {
		return false
	}
	parsed, err := syntax.Parse(string(text), syntax.Perl)
	if err != nil {
		return false
	}
	program, err := syntax.Compile(parsed.Simplify())
	return err == nil && len(program.Inst) <= maxInstructions
}
