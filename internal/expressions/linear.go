package expressions

import (
	"regexp/syntax"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// linear are the functions that take no longer than a look at one text or number,
// or at the length of a list. Between two of them an evaluation notices that it is
// to stop. Those that look into lists and maps, whose parts may be the same one many
// times over, are linear only for what has no parts: see isLinearCall.
var linear = map[string]bool{
	"_<_": true, "_<=_": true, "_>_": true, "_>=_": true, "_&&_": true, "_||_": true, "!_": true, "_?_:_": true,
	"_-_": true, "_*_": true, "_/_": true, "_%_": true, "-_": true, "_[_]": true, "@not_strictly_false": true,
	"_?._": true, "_[?_]": true, "or": true, "orValue": true, "value": true, "hasValue": true, "optional.of": true, "optional.none": true, "optional.ofNonZeroValue": true,
	"size": true, "startsWith": true, "endsWith": true, "split": true, "trim": true, "lowerAscii": true, "upperAscii": true, "charAt": true, "substring": true,
	"string": true, "int": true, "uint": true, "double": true, "bool": true, "type": true, "dyn": true, "timestamp": true, "duration": true,
}

// IsLinear reports whether an expression calls such functions alone, so that it can be
// stopped everywhere. With
// shortTexts, as tokens of the usual size have, a small regular expression is one.
func IsLinear(checked *cel.Ast, shortTexts bool) bool {
	all, known := true, checked.NativeRep().TypeMap()
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.CallKind {
			all = all && isLinearCall(e, known, shortTexts)
		}
	}))
	return all
}

func isLinearCall(e ast.Expr, known map[int64]*types.Type, shortTexts bool) bool {
	call := e.AsCall()
	switch name := call.FunctionName(); name {
	case "_==_", "_!=_": // one has no parts
		return isPlain(call.Args()[0], known) || isPlain(call.Args()[1], known)
	case "@in": // each comparison is one of those, and no list is longer than a token: those that + makes are not linear
		return isPlain(call.Args()[0], known)
	case "_+_":
		return isPlain(e, known)
	case "matches":
		return shortTexts && matchesSmall(call)
	default:
		return linear[name]
	}
}

// isPlain reports whether an expression is known to give a text, a number or the
// like.
func isPlain(e ast.Expr, known map[int64]*types.Type) bool {
	if e.Kind() == ast.LiteralKind {
		return true
	}
	t, ok := known[e.ID()]
	if !ok {
		return false
	}
	switch t.Kind() {
	case types.StringKind, types.IntKind, types.UintKind, types.DoubleKind, types.BoolKind, types.NullTypeKind, types.TimestampKind, types.DurationKind:
		return true
	}
	return false
}

// maxInstructions is how long the program of a small regular expression is. For a
// text of 16 kB it takes less than a millisecond as a rule, and a few at worst.
const maxInstructions = 40

// matchesSmall reports whether a call matches a text with a regular expression that
// is small, and known.
func matchesSmall(call ast.CallExpr) bool {
	if len(call.Args()) == 0 {
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
