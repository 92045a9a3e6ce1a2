package authconfig

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

// object is a CEL map whose values are made when an expression first looks at
// them. It does what k8s.io/apiserver/pkg/cel/lazy does, for a quarter of the
// allocations. One evaluation at a time may use it.
type object struct {
	kind  *types.Type
	names []string
	make  func(name string) ref.Val
	made  []ref.Val // by the place in names
}

func newObject(kind *types.Type, names []string, makeValue func(string) ref.Val) *object {
	return &object{kind, names, makeValue, make([]ref.Val, len(names))}
}

// objectType is the type of an object that has this name for CEL.
func objectType(name string) *types.Type {
	return cel.ObjectType(name, traits.IndexerType|traits.FieldTesterType|traits.IterableType)
}

// Find implements [traits.Mapper].
func (o *object) Find(key ref.Val) (ref.Val, bool) {
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
func (o *object) Get(key ref.Val) ref.Val {
	if v, ok := o.Find(key); ok {
		return v
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

// Contains implements [traits.Container].
func (o *object) Contains(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(ok)
}

// Size implements [traits.Sizer].
func (o *object) Size() ref.Val { return types.Int(len(o.names)) }

// Equal implements [ref.Val]. Only the same object is equal.
func (o *object) Equal(other ref.Val) ref.Val {
	if same, ok := other.(*object); ok {
		return types.Bool(o == same)
	}
	return types.MaybeNoSuchOverloadErr(other)
}

// Type implements [ref.Val].
func (o *object) Type() ref.Type { return o.kind }

// Value implements [ref.Val]. There is nothing that Go code could do with it.
func (o *object) Value() any { return types.NoSuchOverloadErr() }

// ConvertToNative implements [ref.Val].
func (o *object) ConvertToNative(to reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s cannot be converted to %s", o.kind.TypeName(), to)
}

// ConvertToType implements [ref.Val].
func (o *object) ConvertToType(to ref.Type) ref.Val {
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
func (o *object) Iterator() traits.Iterator { return &objectIterator{object: o} }

type objectIterator struct {
	*object
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
