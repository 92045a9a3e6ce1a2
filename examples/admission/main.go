package main

import _ "k8s.io/api/admission/v1"

func main() {}
