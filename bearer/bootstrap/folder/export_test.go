package folder

import (
	"github.com/authnchain/authnchain/bearer/bootstrap"
	"github.com/authnchain/authnchain/internal/follow"
)

// Parse returns the Secrets of one file.
func Parse(name string, data []byte) (map[string]*bootstrap.Secret, error) {
	return parse([]follow.Entry{{Name: name, Data: data}})
}
