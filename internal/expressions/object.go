package expressions

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	kubecel "k8s.io/apiserver/pkg/cel"
)

// Object is a CEL map whose values are made when an expression first looks at
// them. It does what k8s.io/apiserver/pkg/cel/lazy does, for a quarter of the
// allocations. One evaluation at a time may use it.
type Object struct {
	kind  *types.Type
	names []string
	make  func(name string) ref.Val
	made  []ref.Val // by the place in names
}

// NewObject returns a map of a type, from [ObjectType], with the members that have these
// names. makeValue makes the value of one.
func NewObject(kind *types.Type, names []string, makeValue func(string) ref.Val) *Object {
	return &Object{kind, names, makeValue, make([]ref.Val, len(names))}
}

// ObjectType is the type of an object that has this name for CEL.
func ObjectType(name string) *types.Type {
	return cel.ObjectType(name, traits.IndexerType|traits.FieldTesterType|traits.IterableType)
}

// Find implements [traits.Mapper].
func (o *Object) Find(key ref.Val) (ref.Val, bool) {
	escaped, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	name, ok := unescape(string(escaped))
	if !ok {
		return nil, false
	}
	i := slices.Index(o.names, name)
	if i < 0 {
		return nil, false
	}
	if o.made[i] == nil {
		o.made[i] = o.make(name)
	}
	return o.made[i], true
}

// unescape returns the name that an expression has written as an identifier.
func unescape(name string) (string, bool) {
	if !strings.Contains(name, "__") {
		return name, true
	}
	return kubecel.Unescape(name)
}

// Get implements [traits.Indexer].
func (o *Object) Get(key ref.Val) ref.Val {
	if v, ok := o.Find(key); ok {
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

// Contains implements [traits.Container].
func (o *Object) Contains(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(ok)
}

// Size implements [traits.Sizer].
func (o *Object) Size() ref.Val { return types.Int(len(o.names)) }

// Equal implements [ref.Val]. Only the same object is equal.
func (o *Object) Equal(other ref.Val) ref.Val {
	if same, ok := other.(*Object); ok {
		return types.Bool(o == same)
	}
	return types.MaybeNoSuchOverloadErr(other)
}

// Type implements [ref.Val].
func (o *Object) Type() ref.Type { return o.kind }

// Value implements [ref.Val]. There is nothing that Go code could do with it.
func (o *Object) Value() any { return types.NoSuchOverloadErr() }

// ConvertToNative implements [ref.Val].
func (o *Object) ConvertToNative(to reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s cannot be converted to %s", o.kind.TypeName(), to)
}

// ConvertToType implements [ref.Val].
func (o *Object) ConvertToType(to ref.Type) ref.Val {
	switch to {
	case o.kind:
		return o
	case types.TypeType:
		return o.kind
	}
	return types.NewErr("%s cannot be converted to %s", o.kind.TypeName(), to.TypeName())
}

// Iterator implements [traits.Iterable]. It gives the values, as kube-apiserver's
// does, and not the names.
func (o *Object) Iterator() traits.Iterator { return &objectIterator{Object: o} }

type objectIterator struct {
	*Object
	next int
}

// HasNext implements [traits.Iterator].
func (i *objectIterator) HasNext() ref.Val { return types.Bool(i.next < len(i.names)) }

// Next implements [traits.Iterator].
func (i *objectIterator) Next() ref.Val {
	name := i.names[i.next]
	i.next++
	return i.Get(types.String(name))
}

// Type implements [ref.Val].
func (i *objectIterator) Type() ref.Type { return types.IteratorType }
