module github.com/authnchain/authnchain

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/stretchr/testify v1.12.1
	k8s.io/apiserver v0.37.2
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
